// AWS Amplify Auth with the functions of our page: redirect, password, challenges, sign-up, reset. The page has no design.
import { Amplify } from 'aws-amplify';
import 'aws-amplify/auth/enable-oauth-listener';
import {
  confirmResetPassword,
  confirmSignIn,
  confirmSignUp,
  fetchAuthSession,
  resendSignUpCode,
  resetPassword,
  signIn,
  signInWithRedirect,
  signOut,
  signUp,
} from 'aws-amplify/auth';
import { configuration, start } from './amplify-shared.js';

Amplify.configure(configuration);
const username = 'ada@example.org';
await start(fetchAuthSession, {
  in: () => signInWithRedirect(),
  out: () => signOut(),
  password: () => signIn({ username, password: prompt() }),
  challenge: () => confirmSignIn({ challengeResponse: prompt() }),
  'sign up': () => signUp({ username, password: prompt() }),
  confirm: () => confirmSignUp({ username, confirmationCode: prompt() }),
  resend: () => resendSignUpCode({ username }),
  forgot: () => resetPassword({ username }),
  reset: () => confirmResetPassword({ username, confirmationCode: prompt(), newPassword: prompt() }),
});

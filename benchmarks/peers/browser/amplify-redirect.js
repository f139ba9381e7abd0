// AWS Amplify Auth with only the redirect.
import { Amplify } from 'aws-amplify';
import 'aws-amplify/auth/enable-oauth-listener';
import { fetchAuthSession, signInWithRedirect, signOut } from 'aws-amplify/auth';
import { configuration, start } from './amplify-shared.js';

Amplify.configure(configuration);
await start(fetchAuthSession, { in: () => signInWithRedirect(), out: () => signOut() });

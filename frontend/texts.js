/** Every word of the page. `{name}` is filled in; a key must stay, its text may change. */
export const texts = {
  wait: 'One moment…',
  tryAgain: 'Try again',
  signOut: 'Sign out',

  chooseTitle: 'Sign in',
  chooseLead: 'Choose how you want to continue.',
  provider: 'Continue with {label}',
  email: 'Continue with email',
  emailProvider: 'Email and password',
  remember: 'Keep me signed in on this device',
  noMethod: 'No way to sign in has been set up here yet. Please tell the people who run this service.',
  leaveTitle: 'Taking you to {label}…',
  leaveLead: 'If nothing happens, use the button.',

  signedOut: 'You are signed out.',
  signedOutMore:
    'Your company’s own sign-in (Okta, for example) may still be open in this browser. On a shared computer, sign out there too or close the browser.',
  endedElsewhere: 'You signed out in another tab.',
  sessionExpired: 'Your session ended. Sign in again to go on.',
  notKept:
    'You signed in, but this browser did not keep the session. Allow cookies for this site, then try again.',

  profileTitle: 'Hello, {name}',
  profileTitleNameless: 'You are signed in',
  name: 'Name',
  mail: 'Email',
  signedInWith: 'Signed in with',
  since: 'Member since',
  lastSignIn: 'Last sign-in',
  groups: 'Groups',
  timeLeft: 'Session time left',
  idle: 'Without activity you are signed out at {time}.',
  ends: 'At {time} you will have to sign in again.',
  idleTitle: 'Are you still there?',
  idleMore: 'For your safety you will soon be signed out.',
  stay: 'Stay signed in',
  signOutFailed: 'Signing out did not work, so you are still signed in. Check your connection and try again.',
  recordForbidden:
    'You are signed in, but your account is not allowed to read its record here. An administrator can give you access.',
  recordFailed: 'Your record could not be loaded right now.',

  unavailableTitle: 'We’ll be right back',
  unavailable: 'Sign-in is temporarily unavailable. If you were signed in, you still are.',
  retryIn: 'Trying again in {seconds} s.',
  retrying: 'Trying again…',
  offlineTitle: 'You are offline',
  offline: 'There is no connection. This page goes on by itself as soon as there is one.',

  /** One entry for each `?error=` code: what happened, and what to do. */
  errors: {
    access_denied: {
      title: 'Access was not granted',
      what: 'The sign-in was cancelled, or your account is not assigned to this app.',
      help: 'Try again. If it keeps happening, ask your administrator to assign the app to you.',
    },
    login_expired: {
      title: 'That took a little too long',
      what: 'A sign-in has to be finished within ten minutes, in the browser where it began.',
      help: 'Start again; it only takes a moment.',
    },
    login_failed: {
      title: 'Signing in did not work',
      what: 'We could not confirm who you are, so nothing was opened.',
      help: 'Try again. If it keeps happening, tell the people who run this service.',
    },
    sign_up_refused: {
      title: 'This account can’t be used here',
      what: 'New accounts are limited, and yours is not among them.',
      help: 'Use the address of your company, or ask an administrator to invite you.',
    },
    temporarily_unavailable: {
      title: 'We’ll be right back',
      what: 'Sign-in is temporarily unavailable. Your account is fine.',
      help: 'Wait a moment, then try again.',
    },
    unknown: {
      title: 'Something went wrong',
      what: 'The sign-in could not be finished.',
      help: 'Try again. If it keeps happening, tell the people who run this service.',
    },
  },
};

/**
 * @param {string} text
 * @param {Record<string, string|number>} values
 */
export const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, key) => String(values[key] ?? ''));

/**
 * Calls of routes that want a recent proof of who calls (RFC 9470). One file, no imports, no DOM, as session.js: load or
 * copy it beside that one.
 *
 * @typedef {Pick<import('./session.js').Session, 'fetch'|'signInUrl'>} Session what is needed of it
 */

export const CODE = 'insufficient_user_authentication';

/**
 * Whether an answer asks the person to confirm. The body says so: API Gateway renames the RFC's header.
 * @param {Response} response
 */
export async function asksToConfirm(response) {
  if (response.status !== 401) return false;
  const { error } = await response.clone().json().catch(() => ({}));
  return error === CODE;
}

/**
 * Where a person who is signed in confirms and then comes back: to the sign-in page, which has the way that fits.
 * @param {Session} session
 * @param {string} returnTo a path below the API root or a URL of an allowed origin
 */
export function confirmUrl(session, returnTo) {
  const url = new URL(session.signInUrl({ returnTo }));
  url.searchParams.set('prompt', 'login');
  return url.href;
}

/**
 * The answer to a call, after the person has confirmed if that is what it asks for: then the call is made once more.
 * @param {Response} response
 * @param {() => Promise<Response>} again
 * @param {() => Promise<boolean>} confirm
 */
export const afterConfirming = async (response, again, confirm) =>
  ((await asksToConfirm(response)) && (await confirm()) ? again() : response);

/**
 * A fetch that lets the person confirm where a route asks for it, and then repeats the call, once.
 * @param {Session} session
 * @param {() => Promise<boolean>} [confirm] resolves when the person has confirmed in this page, or to false, and the answer
 *   stands. Without it the browser leaves for the sign-in page and comes back to `here`, where the call is made once more.
 * @param {string} [here]
 * @returns {Session['fetch']}
 */
export function withConfirmation(session, confirm, here = globalThis.location?.href) {
  const leave = async () => {
    location.assign(confirmUrl(session, here));
    return false;
  };
  return async (path, init) => {
    const call = () => session.fetch(path, init);
    const response = await call();
    return init?.body instanceof ReadableStream ? response : afterConfirming(response, call, confirm ?? leave);
  };
}

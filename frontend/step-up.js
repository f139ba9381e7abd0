/**
 * Makes calls to routes that require a recent authentication (RFC 9470). Like session.js, this file has no imports and does
 * not use the DOM. Load or copy both files together.
 *
 * @typedef {Pick<import('./session.js').Session, 'fetch'|'signInUrl'>} Session the methods that are needed
 */

export const CODE = 'insufficient_user_authentication';

/**
 * Whether a route's answer requires that the person authenticates again. This function reads the body, because API Gateway
 * renames the RFC's header.
 * @param {Response} response
 */
export async function asksToConfirm(response) {
  if (response.status !== 401) return false;
  const { error } = await response.clone().json().catch(() => ({}));
  return error === CODE;
}

/**
 * Returns the URL of the sign-in page. On the sign-in page, a signed-in person signs in again, and the browser then returns
 * to `returnTo`. The sign-in page itself chooses the person's sign-in method.
 * @param {Session} session
 * @param {string} returnTo a path below the API root or a URL of an allowed origin
 */
export function confirmUrl(session, returnTo) {
  const url = new URL(session.signInUrl({ returnTo }));
  url.searchParams.set('prompt', 'login');
  return url.href;
}

/**
 * Returns `response`, unless the response requires that the person authenticates again. In that case, the function waits for
 * this authentication, repeats the call once, and returns the new answer.
 * @param {Response} response
 * @param {() => Promise<Response>} again
 * @param {() => Promise<boolean>} confirm
 */
export const afterConfirming = async (response, again, confirm) =>
  ((await asksToConfirm(response)) && (await confirm()) ? again() : response);

/**
 * Returns a `fetch` that lets the person authenticate again if a route requires a recent authentication, and then repeats
 * the call once.
 * @param {Session} session
 * @param {() => Promise<boolean>} [confirm] resolves to true when the person has authenticated again on this page. If
 *   `confirm` resolves to false, the first answer is returned. Without `confirm`, the browser opens the sign-in page and
 *   returns to `here`. Your page then repeats the call.
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

/**
 * The profile's link to passkeys, and the offer to set up a passkey. The offer appears after a sign-in by password, on a
 * device that can store a passkey. The offer does not appear if the person has chosen "not now" or set up a passkey in this
 * browser.
 */
import { texts } from './more-texts.js';
import { el, notice, way } from './view.js';

/**
 * Returns the nodes of the offer. If there is no offer or no answer from the server, the result is empty.
 * @param {import('./session.js').Session} session @param {import('./view.js').Choice} choice
 * @returns {Promise<HTMLElement[]>}
 */
export async function findOffer(session, choice) {
  if (!choice.byPassword || !globalThis.PublicKeyCredential) return [];
  choice.byPassword = false; // so that the offer appears only once
  return offer(session).catch(() => []);
}

/** @param {import('./profile.js').Own} own */
export function section({ native, passkeys, offer: made = [] }) {
  if (!native || !passkeys || !globalThis.PublicKeyCredential) return [];
  return [...made, way(texts.passkeys, 'key', '#passkeys')];
}

/** @param {import('./session.js').Session} session @returns {Promise<HTMLElement[]>} */
async function offer(session) {
  if (!(await PublicKeyCredential.isUserVerifyingPlatformAuthenticatorAvailable())) return [];
  const [{ answer }, { link, linkButton }] = await Promise.all([session.post('auth/passkeys/offer'), import('./form.js')]);
  if (!answer.offer) return [];
  const said = notice(texts.passkeyOffer, texts.passkeyOfferMore);
  const notNow = () => {
    session.post('auth/passkeys/offer', { not_now: true }).catch(() => null);
    /** @type {HTMLElement} */ (said.nextElementSibling).focus(); // the link to passkeys
    said.remove();
  };
  said.lastElementChild?.append(
    el('div', { class: 'links' }, link(texts.passkeyAdd, '#passkeys'), linkButton(texts.passkeyNotNow, notNow)));
  return [said];
}

/**
 * The profile's link to passkeys. After a sign-in by password, on a device that can keep a passkey, it also offers to set one
 * up, unless the person has said "not now" in this browser or set one up here.
 */
import { texts } from './more-texts.js';
import { el, notice, way } from './view.js';

/**
 * Returns the offer, if there is one. Without an answer from the server there is none.
 * @param {import('./session.js').Session} session @param {import('./view.js').Choice} choice
 * @returns {Promise<HTMLElement[]>}
 */
export async function findOffer(session, choice) {
  if (!choice.byPassword || !globalThis.PublicKeyCredential) return [];
  choice.byPassword = false; // so that the offer is made once
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

/**
 * The profile's link to passkeys. After a sign-in by password, on a device that can keep a passkey, it also offers to set one
 * up, unless the person has said "not now" in this browser or set one up here.
 */
import { texts } from './more-texts.js';
import { el, notice, way } from './view.js';

/** @param {import('./profile.js').Own} own */
export function section({ session, native, passkeys }) {
  if (!native || !passkeys || !globalThis.PublicKeyCredential) return [];
  const box = el('div');
  const door = way(texts.passkeys, 'key', '#passkeys');
  if (passkeys.byPassword) {
    passkeys.byPassword = false; // so that the offer is made once
    offer(box, door, session).catch(() => null); // without an answer there is no offer
  }
  return [box, door];
}

/** @param {HTMLElement} box @param {HTMLElement} door @param {import('./session.js').Session} session */
async function offer(box, door, session) {
  if (!(await PublicKeyCredential.isUserVerifyingPlatformAuthenticatorAvailable())) return;
  const [{ answer }, { link, linkButton }] = await Promise.all([session.post('auth/passkeys/offer'), import('./form.js')]);
  if (!answer.offer) return;
  const notNow = () => {
    session.post('auth/passkeys/offer', { not_now: true }).catch(() => null);
    box.replaceChildren();
    door.focus();
  };
  const said = notice(texts.passkeyOffer, texts.passkeyOfferMore);
  said.lastElementChild?.append(
    el('div', { class: 'links' }, link(texts.passkeyAdd, '#passkeys'), linkButton(texts.passkeyNotNow, notNow)));
  box.replaceChildren(said);
}

/** The profile's link to passkeys. After a sign-in by password, on a device that can keep a passkey, it also offers to set one up. */
import { texts } from './more-texts.js';
import { el, notice, way } from './view.js';

/** @param {import('./profile.js').Own} own */
export function section({ native, passkeys }) {
  if (!native || !passkeys || !globalThis.PublicKeyCredential) return [];
  const box = el('div');
  if (passkeys.byPassword) {
    passkeys.byPassword = false; // once
    void PublicKeyCredential.isUserVerifyingPlatformAuthenticatorAvailable()
      .then((can) => can && box.replaceChildren(notice(texts.passkeyOffer, texts.passkeyOfferMore)));
  }
  return [box, way(texts.passkeys, 'key', '#passkeys')];
}

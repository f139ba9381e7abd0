/**
 * Signs a person in with a passkey, or lets a signed-in person authenticate again with a passkey. The person uses a button.
 * In a browser that has signed in to the account before, the person can also use autofill in the field for the address.
 *
 * @typedef {Pick<import('./form.js').Field, 'check'|'complain'> & {input: HTMLInputElement}} Address the field for the address,
 * or an object with the signed-in person's address
 * @typedef {import('./form.js').Answered} Answered
 */
import { sender } from './form.js';
import { texts } from './more-texts.js';
import { button, el } from './view.js';

const kinds = /** @type {any} */ (globalThis).PublicKeyCredential;
/**
 * Cancels the request for autofill in the field for the address. A browser allows only one waiting request.
 * @type {AbortController|null}
 */
let waiting = null;
const OK = /** @type {Response} */ ({ ok: true });

/**
 * Returns the authenticator's answer as JSON.
 * @param {object} options the server's options, as JSON
 * @param {CredentialRequestOptions} [how]
 * @returns {Promise<object>}
 */
async function answerTo(options, how) {
  const credential = /** @type {any} */ (
    await navigator.credentials.get({ publicKey: kinds.parseRequestOptionsFromJSON(options), ...how }));
  return credential.toJSON();
}

/** @param {(path: string, body: object) => Promise<Answered>} post @param {object} credential */
const reply = (post, credential) => post('challenge', { name: 'WEB_AUTHN', credential });

/**
 * @param {Object} options
 * @param {(path: string, body: object) => Promise<Answered>} options.post
 * @param {Address} options.address
 * @param {import('./view.js').Choice} options.choice
 * @param {(kind: string) => (values?: {email?: string}) => string} options.by
 * @param {(answer: any) => unknown} options.proceed
 */
export function passkeyButton({ post, address, choice, by, proceed }) {
  const whom = () => address.input.value.trim();
  const control = button(texts.passkey, () => {
    if (address.check()) void act();
    else address.input.focus();
  }, '', 'key');
  const { said, act } = sender({
    control,
    kind: () => by('passkey')({ email: whom() }),
    async send() {
      waiting?.abort();
      const asked = await post('passkey', { email: whom(), remember: choice.remember });
      if (!asked.response.ok) return asked;
      if (!asked.answer.challenge) return { response: OK, answer: { said: [texts.passkeyNone, texts.passkeyNoneMore] } };
      try {
        return await reply(post, await answerTo(asked.answer.challenge.options));
      } catch (error) {
        // the person cancelled, the time ran out, or no passkey fits; browsers do not distinguish these cases
        if (error instanceof DOMException) return { response: OK, answer: { said: [texts.passkeyCancelled, texts.passkeyNoneMore] } };
        throw error;
      }
    },
    done: (answer, say) => (answer.said ? say(...answer.said) : proceed(answer)),
    refused: {
      invalid_request: () => address.complain(texts.needAddress),
      invalid_credentials: (_, say) => say(texts.passkeyRefused, texts.passkeyNoneMore),
      challenge_expired: (_, say) => say(texts.challengeExpired),
    },
  });
  return el('div', { class: 'way' }, control, said);
}

/**
 * Offers a passkey as autofill in the field for the address. The passkey belongs to the account of this browser's last
 * sign-in.
 * @param {Object} options as for passkeyButton()
 * @param {(path: string, body: object) => Promise<Answered>} options.post
 * @param {import('./form.js').Field} options.address
 * @param {import('./view.js').Choice} options.choice
 * @param {(answer: any) => unknown} options.proceed
 */
export async function autofill({ post, address, choice, proceed }) {
  waiting?.abort();
  if (!(await kinds.isConditionalMediationAvailable?.())) return;
  const { response, answer } = await post('passkey', { remember: choice.remember });
  if (!response.ok || !answer.challenge || !address.input.isConnected) return;
  waiting?.abort();
  waiting = new AbortController();
  address.input.setAttribute('autocomplete', 'username webauthn');
  const how = /** @type {any} */ ({ mediation: 'conditional', signal: waiting.signal });
  const signed = await reply(post, await answerTo(answer.challenge.options, how));
  if (signed.response.ok) await proceed(signed.answer);
}

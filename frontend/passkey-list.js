/**
 * The views that list, set up, name and remove a person's own passkeys. The person first enters the password again.
 *
 * @typedef {{id: string, name: string, created_at: string, attachment: string}} Passkey
 * @typedef {import('./view.js').Child} Child
 */
import { accountField, codeField, field, form, linkButton, passwordField, reject, sender } from './form.js';
import { date } from './moments.js';
import { texts } from './more-texts.js';
import { button, el, fill, heading, notice, show } from './view.js';

const kinds = /** @type {any} */ (globalThis).PublicKeyCredential;

/**
 * @param {Object} options
 * @param {ReturnType<typeof import('./session.js').createSession>} options.session
 * @param {import('./session.js').User} options.user
 * @param {() => void} options.back
 */
export function open({ session, user, back }) {
  /** @param {string} path @param {object} [body] */
  const post = (path, body = {}) => session.post(`auth/passkeys/${path}`, body);
  /** @param {string} text */
  const lead = (text) => el('p', { class: 'quiet' }, text);
  const leave = () => {
    void post('close').catch(() => null);
    back();
  };
  /** @param {string} title @param {Child[]} nodes @param {HTMLElement} [start] @param {() => void} [to] */
  const present = (title, nodes, start, to = leave) => {
    const top = heading(title);
    show('passkeys', [top, ...nodes, linkButton(texts.backToProfile, to)], start ?? top);
  };
  /** Handles the error that the session has ended in the meantime. After the refresh, the page reports the session's end. */
  const gone = () => void session.refresh();
  const kind = () => 'passkeys';
  /** @type {import('./form.js').Refused} */
  const refused = {
    no_session: gone,
    session_expired: gone,
    challenge_expired: () => askPassword(texts.challengeExpired),
    passkey_refused: (_, say) => say(texts.passkeyNotKept, texts.passkeyNotKeptMore),
  };

  /**
   * @param {string} [text]
   * @param {string} [password] with a password, the view asks for the code of the
   *   authenticator app, which Cognito also requires
   */
  function askPassword(text, password) {
    const secret = password ? codeField() : passwordField('current-password');
    const sheet = form({
      kind,
      fields: [secret],
      label: texts.goOn,
      extra: [accountField(user.email)],
      send: (values) => post('open', password ? { password, code: values.code } : values),
      done: ({ passkeys, ended }) => list(passkeys, ended ? texts.passkeysEnded : ''),
      refused: {
        ...refused,
        invalid_credentials: () => (password ? askPassword(texts.wrongPassword) : reject(secret, texts.wrongPassword)),
        invalid_code: () => reject(secret, texts.wrongCode),
        code_required: () => askPassword('', secret.input.value),
        managed_by_provider: (_, say) => say(texts.twoStepManaged),
      },
    });
    present(texts.passkeys, [
      text && notice(text, null, 'alert'), lead(password ? texts.appCodeLead : texts.passkeysLead),
      !password && lead(texts.twoStepPassword), sheet,
    ], secret.input, back);
  }

  /** @param {Passkey[]} passkeys @param {string} [text] */
  function list(passkeys, text) {
    const add = button(texts.passkeyAdd, () => void act(), 'primary', 'key');
    const { said, act } = sender({
      control: add,
      kind,
      async send() {
        const begun = await post('setup');
        if (!begun.response.ok) return begun;
        try {
          const publicKey = kinds.parseCreationOptionsFromJSON(begun.answer.options);
          const made = /** @type {any} */ (await navigator.credentials.create({ publicKey }));
          return await post('verify', { credential: made.toJSON() });
        } catch (error) {
          if (!(error instanceof DOMException)) throw error;
          const there = error.name === 'InvalidStateError';
          const said = there ? [texts.passkeyThere] : [texts.passkeyNotMade, texts.passkeyNotMadeMore];
          return { response: /** @type {Response} */ ({ ok: true }), answer: { said } };
        }
      },
      done: (answer, say) => (answer.said ? say(...answer.said) : list(answer.passkeys, texts.passkeyMade)),
      refused,
    });
    const rows = passkeys.map((passkey) => el('li', {},
      el('b', {}, passkey.name || texts.passkeyNameless),
      el('span', { class: 'quiet' }, texts.passkeySince, ' ', date(passkey.created_at)),
      el('span', { class: 'links' },
        linkButton(texts.rename, () => rename(passkey)), linkButton(texts.remove, () => remove(passkey)))));
    present(texts.passkeys, [
      text && notice(text),
      passkeys.length ? el('ul', { class: 'passkeys' }, ...rows) : lead(texts.passkeysNone),
      kinds?.parseCreationOptionsFromJSON ? el('div', { class: 'way' }, add, said) : lead(texts.passkeysUnsupported),
    ]);
  }

  /** @param {Passkey} passkey */
  function rename({ id, name }) {
    const one = field({ name: 'name', label: texts.passkeyName, need: texts.needName, value: name, maxlength: '60', autocomplete: 'off' });
    const sheet = form({
      kind,
      fields: [one],
      label: texts.save,
      send: (values) => post('rename', { id, name: values.name }),
      done: ({ passkeys }) => list(passkeys),
      refused: { ...refused, not_found: () => askPassword() },
    });
    present(texts.passkeyRename, [sheet], one.input);
  }

  /** @param {Passkey} passkey */
  function remove({ id, name }) {
    const control = button(texts.remove, () => void act());
    const { said, act } = sender({
      control,
      kind,
      send: () => post('remove', { id }),
      done: ({ passkeys }) => list(passkeys, texts.passkeyRemoved),
      refused,
    });
    present(texts.passkeyRemove, [
      el('p', {}, fill(texts.passkeyRemoveLead, { name: name || texts.passkeyNameless })), lead(texts.passkeyRemoveMore),
      el('div', { class: 'way' }, control, said),
    ]);
  }

  askPassword();
}

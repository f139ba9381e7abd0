/** The views in which people with a password turn two-step verification on and off. */
import { enrolment } from './enrolment.js';
import { accountField, codeField, form, linkButton, passwordField, reject } from './form.js';
import { texts } from './more-texts.js';
import { button, el, heading, notice, show } from './view.js';

/**
 * @param {Object} options
 * @param {ReturnType<typeof import('./session.js').createSession>} options.session
 * @param {import('./session.js').User} options.user
 * @param {() => void} options.back
 */
export function open({ session, user, back }) {
  /** @typedef {import('./view.js').Child} Child */
  /** @param {string} path @param {object} body */
  const post = (path, body) => session.post(`auth/mfa/${path}`, body);
  /** @param {string} text */
  const lead = (text) => el('p', { class: 'quiet' }, text);
  /** @param {string} title @param {Child[]} nodes @param {HTMLElement} [start] */
  const present = (title, nodes, start) => {
    const top = heading(title);
    show('two-step', [top, ...nodes, linkButton(texts.backToProfile, back)], start ?? top);
  };
  /** Handles the error that the session has ended in the meantime. After the refresh, the page reports the session's end. */
  const gone = () => void session.refresh();
  const kind = () => 'two-step';
  /** @type {import('./form.js').Refused} */
  const refused = { no_session: gone, session_expired: gone };

  /** @param {string} [text] */
  function askPassword(text) {
    const secret = passwordField('current-password');
    const sheet = form({
      kind,
      fields: [secret],
      label: texts.goOn,
      extra: [accountField(user.email)],
      send: ({ password }) => post('setup', { password }),
      done: (key) => setUp(key, secret.input.value),
      refused: {
        ...refused,
        invalid_credentials: () => reject(secret, texts.wrongPassword),
        mfa_already_on: () => turnOff(secret.input.value),
        managed_by_provider: (_, say) => say(texts.twoStepManaged),
      },
    });
    present(texts.twoStep, [
      text && notice(text, null, 'alert'), lead(texts.twoStepLead), lead(texts.twoStepPassword), sheet,
    ], secret.input);
  }

  /**
   * @param {{title: string, before: Child[], label: string, send: (code: string) => Promise<import('./form.js').Answered>,
   *   done: (answer: any) => unknown, scan?: boolean, after?: Child}} options
   */
  function askCode({ title, before, label, send, done, scan = false, after }) {
    const code = codeField();
    const sheet = form({
      kind,
      fields: [code],
      label,
      send: (values) => send(values.code),
      done,
      refused: {
        ...refused,
        invalid_code: () => reject(code, texts.wrongCode),
        invalid_credentials: () => askPassword(texts.wrongPassword),
        challenge_expired: () => askPassword(texts.challengeExpired),
      },
    });
    present(title, [...before, sheet, after], scan ? undefined : code.input);
  }

  /** @param {{secret: string, otpauth: string, qr: string[]}} key @param {string} password */
  const setUp = (key, password = '') =>
    askCode({
      title: texts.setupTitle,
      before: enrolment(key),
      scan: true,
      label: texts.turnOn,
      send: (code) => post('verify', { code }),
      done: () => finished(texts.isOnTitle, texts.isOn, linkButton(texts.recoveryMake, () => makeCodes(password))),
    });

  /** @param {string} password */
  const turnOff = (password) =>
    askCode({
      title: texts.offTitle,
      before: [lead(texts.offLead)],
      after: linkButton(texts.recoveryMake, () => makeCodes(password)),
      label: texts.turnOff,
      send: (code) => post('disable', { password, code }),
      done: () => finished(texts.isOffTitle, texts.isOff),
    });

  /** @param {string} password */
  const makeCodes = (password) =>
    askCode({
      title: texts.recoveryMake,
      before: [lead(texts.recoveryLead), lead(texts.recoveryNext)],
      label: texts.recoveryMake,
      send: (code) => post('recovery-codes', { password, code }),
      async done({ recovery_codes: codes }) {
        const { showCodes } = await import('./recovery-codes.js');
        showCodes({ codes, email: user.email, done: back });
      },
    });

  /** @param {string} title @param {string} text @param {Child} [more] */
  const finished = (title, text, more) =>
    show('two-step-done', [heading(title), el('p', {}, text), button(texts.goOn, back), more]);

  askPassword();
}

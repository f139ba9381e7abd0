/** The views of Cognito's challenges: the steps between the password and the tokens. */
import { enrolment } from './enrolment.js';
import { accountField, badPassword, codeField, form, linkButton, passwordField, reject, sender } from './form.js';
import { texts } from './more-texts.js';
import { button, el, fill, heading, show } from './view.js';

/** @type {Record<string, [string, import('./view.js').Sign]>} */
const METHODS = {
  SOFTWARE_TOKEN_MFA: [texts.byApp, 'key'],
  EMAIL_OTP: [texts.byMail, 'mail'],
  SMS_MFA: [texts.byPhone, 'phone'],
};

/**
 * @param {Object} options
 * @param {any} options.challenge the challenge's name and data
 * @param {string} options.email
 * @param {(body: object) => Promise<any>} options.reply answers a challenge
 * @param {(extra: object) => Promise<any>} options.signIn repeats the sign-in
 * @param {() => void} options.refuse says that the password was refused
 * @param {(answer: any) => unknown} options.proceed continues with the next answer
 * @param {(answer: any) => void} options.elsewhere
 * @param {(text?: string) => void} options.startOver
 * @param {{send: (code: string) => Promise<any>, signIn: () => unknown}} [options.recovery] for a person who has lost the
 *   authenticator app
 * @param {(kind: string) => () => string} options.by returns the name of the server's limit for an attempt
 */
export function showChallenge({ challenge, email, reply, signIn, refuse, proceed, elsewhere, startOver, by, recovery }) {
  const { name } = challenge;
  const common = {
    kind: () => by('code')(),
    done: proceed,
    refused: {
      challenge_expired: () => startOver(texts.challengeExpired),
      invalid_credentials: () => startOver(texts.challengeExpired),
      unsupported_challenge: elsewhere,
    },
  };
  /** @typedef {import('./view.js').Child} Child */
  /** @param {string} title @param {Child[]} nodes @param {HTMLElement} [start] */
  const present = (title, nodes, start) => {
    const top = heading(title);
    show('challenge', [top, ...nodes, linkButton(texts.startOver, () => startOver())], start ?? top);
  };
  /** @param {string} text */
  const lead = (text) => el('p', { class: 'quiet' }, text);

  /** @param {string} title @param {Child[]} before @param {{label?: string, after?: Child[]}} [options] */
  function askCode(title, before, { label = texts.goOn, after = [] } = {}) {
    const code = codeField();
    const sheet = form({
      ...common,
      fields: [code],
      label,
      send: (values) => reply({ name, code: values.code }),
      refused: { ...common.refused, invalid_code: () => reject(code, texts.wrongCode) },
    });
    // The QR code is above the field for the code. Focus on the field would scroll the QR code out of sight.
    present(title, [...before, sheet, ...after], name === 'MFA_SETUP' ? undefined : code.input);
  }

  const lost = { after: [lead(texts.lostPhone)] };
  /** @param {NonNullable<typeof recovery>} how */
  const recover = async (how) => {
    const { enterCode } = await import('./recovery-codes.js');
    enterCode({ ...how, startOver, kind: common.kind, back: () => views.SOFTWARE_TOKEN_MFA() });
  };
  /** @type {Record<string, () => unknown>} */
  const views = {
    SOFTWARE_TOKEN_MFA: () => askCode(
      texts.appCodeTitle, [lead(texts.appCodeLead)], recovery ? { after: [...lost.after, linkButton(texts.recoveryUse, () => recover(recovery))] } : lost),
    EMAIL_OTP: () => askCode(texts.mailCodeTitle, [lead(fill(texts.sentTo, challenge))]),
    SMS_MFA: () => askCode(texts.phoneCodeTitle, [lead(fill(texts.sentTo, challenge))], lost),
    MFA_SETUP: () => askCode(texts.setupTitle, enrolment(challenge), { label: texts.turnOn }),

    NEW_PASSWORD_REQUIRED() {
      const secret = passwordField('new-password');
      const sheet = form({
        ...common,
        fields: [secret],
        label: texts.savePassword,
        extra: [accountField(email)],
        send: ({ password }) => reply({ name, password }),
        refused: { ...common.refused, invalid_password: (answer) => badPassword(secret, answer) },
      });
      present(texts.newPasswordTitle, [lead(texts.newPasswordLead), sheet], secret.input);
    },

    SELECT_MFA_TYPE() {
      const known = challenge.choices.filter((/** @type {string} */ choice) => Object.hasOwn(METHODS, choice));
      if (!known.length) return elsewhere({});
      const rows = known.map((/** @type {string} */ choice) => {
        const [label, sign] = METHODS[choice];
        const control = button(label, () => act(), '', sign);
        const { said, act } = sender({ ...common, control, send: () => reply({ name, choice }) });
        return el('div', { class: 'way' }, control, said);
      });
      present(texts.selectTitle, [lead(texts.selectLead), el('div', { class: 'ways' }, ...rows), lead(texts.lostPhone)]);
    },

    async CAPTCHA() {
      const { captcha } = await import('./captcha.js');
      const control = button(texts.goOn, () => act());
      let token = '';
      const { said, act } = sender({
        ...common,
        control,
        kind: () => by('sign-in')(),
        send: () => signIn({ captcha: token }),
        refused: { ...common.refused, invalid_credentials: refuse },
      });
      const place = el('div', { class: 'captcha' });
      control.hidden = true;
      present(texts.captchaTitle, [lead(texts.captchaLead), place, said, control]);
      captcha(place, challenge, (solved) => {
        token = solved;
        control.hidden = false;
        void act();
      }).catch(() => place.replaceChildren(el('p', { class: 'wrong' }, texts.captchaFailed)));
    },
  };

  return Object.hasOwn(views, name) ? views[name]() : elsewhere(challenge);
}

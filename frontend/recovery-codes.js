/** Shows new recovery codes once, and accepts a recovery code instead of a code of the authenticator app. */
import { field, form, linkButton, reject } from './form.js';
import { texts } from './more-texts.js';
import { button, el, heading, show } from './view.js';

/**
 * Shows new codes, which the person can copy or print. The page does not store the codes.
 * @param {{codes: string[], email: string, done: () => unknown}} options
 */
export function showCodes({ codes, email, done }) {
  const status = el('span', { class: 'heard', role: 'status' });
  const copy = button(texts.copy, async () => {
    await navigator.clipboard.writeText(codes.join('\n'));
    copy.textContent = status.textContent = texts.copied;
  }, 'small');
  show('recovery-codes', [
    heading(texts.recoveryTitle),
    el('p', {}, texts.recoveryKeep),
    el('p', { class: 'quiet' }, email),
    el('ol', { class: 'codes' }, ...codes.map((code) => el('li', {}, el('code', {}, code)))),
    el('div', { class: 'links' }, copy, button(texts.print, () => print(), 'small'), status),
    button(texts.recoveryKept, done),
  ]);
}

/**
 * Asks for a recovery code. The person has entered the right password, but has lost the authenticator app.
 * @param {Object} options
 * @param {(code: string) => Promise<import('./form.js').Answered>} options.send
 * @param {() => unknown} options.signIn called when the authenticator app has been turned off
 * @param {() => void} options.back
 * @param {(text?: string) => void} options.startOver
 * @param {() => string} options.kind returns the name of the server's limit for an attempt
 */
export function enterCode({ send, signIn, back, startOver, kind }) {
  const code = field({
    name: 'recovery', label: texts.recoveryCode, need: texts.needCode, maxlength: '64',
    autocomplete: 'off', autocapitalize: 'characters', spellcheck: 'false',
  });
  const sheet = form({
    kind,
    fields: [code],
    label: texts.goOn,
    send: (values) => send(values.recovery),
    done: () =>
      show('challenge', [
        heading(texts.isOffTitle), el('p', {}, texts.recoveryUsed), button(texts.goOn, signIn),
      ]),
    refused: {
      invalid_code: () => reject(code, texts.recoveryWrong),
      challenge_expired: () => startOver(texts.challengeExpired),
    },
  });
  show('challenge', [
    heading(texts.recoveryUse),
    el('p', { class: 'quiet' }, texts.recoveryUseLead),
    sheet,
    el('p', { class: 'quiet' }, texts.recoveryLost),
    el('div', { class: 'links' }, linkButton(texts.useApp, back), linkButton(texts.startOver, () => startOver())),
  ], code.input);
}

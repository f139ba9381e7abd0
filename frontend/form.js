/**
 * The shared parts of the page's forms: fields, waiting, and messages after a refusal.
 *
 * @typedef {ReturnType<typeof field>} Field
 * @typedef {Record<string, string>} Values of a form's fields, by their names
 * @typedef {(text?: string, more?: string|null, ...extra: import('./view.js').Child[]) => void} Say
 * @typedef {{response: Response, answer: any}} Answered
 * @typedef {Record<string, (answer: any, say: Say) => unknown>} Refused the reactions to refusals, by error code
 */
import { texts } from './more-texts.js';
import { sheet } from './sheet.js';
import { el, fill, kept, notice } from './view.js';

await sheet('forms.css');

/**
 * Makes a labelled field with a hint and a place for the error message.
 * @param {{name: string, label: string, need: string, hint?: string|false, after?: Node} & Record<string, any>} options `need`
 *   is the message for an empty or malformed value. All other names become attributes of the input.
 */
export function field({ name, label, need, hint, after, ...attributes }) {
  const id = `field-${name}`;
  const described = `${hint ? `${id}-hint ` : ''}${id}-wrong`;
  const input = el('input', { id, name, type: 'text', required: true, 'aria-describedby': described, ...attributes });
  const wrong = el('p', { class: 'wrong', id: `${id}-wrong` });
  const complain = (text = '') => {
    wrong.textContent = text;
    if (text) input.setAttribute('aria-invalid', 'true');
    else input.removeAttribute('aria-invalid');
  };
  input.addEventListener('input', () => complain());
  return {
    name,
    input,
    complain,
    node: el('div', { class: 'field' },
      el('label', { for: id }, label),
      hint && el('p', { class: 'quiet', id: `${id}-hint` }, hint),
      el('div', { class: 'box' }, input, after),
      wrong),
    /** Shows an error message for an invalid value. Returns true if the value is valid. */
    check() {
      complain(input.validity.valid && input.value.trim() ? '' : need);
      return !input.hasAttribute('aria-invalid');
    },
  };
}

export const emailField = (value = '') =>
  field({
    name: 'email', label: texts.address, need: texts.needAddress, value,
    type: 'email', autocomplete: 'username', autocapitalize: 'none', spellcheck: 'false',
    pattern: '.+@.+[.\u3002\uff0e\uff61].+', // as on the server, the domain must contain a dot, ASCII or full-width
  });

/** @param {'current-password'|'new-password'} autocomplete @param {{name?: string, label?: string}} [more] */
export function passwordField(autocomplete, { name = 'password', label } = {}) {
  const fresh = autocomplete === 'new-password';
  const toggle = el('button', {
    type: 'button', class: 'inside', 'aria-label': texts.showPassword,
    onclick: () => {
      const hidden = made.input.type === 'text';
      made.input.type = hidden ? 'password' : 'text';
      toggle.textContent = hidden ? texts.show : texts.hide;
      toggle.setAttribute('aria-label', hidden ? texts.showPassword : texts.hidePassword);
    },
  }, texts.show);
  const caps = el('p', { class: 'wrong', role: 'status' });
  const made = field({
    name, type: 'password', autocomplete, after: toggle, maxlength: '256',
    autocapitalize: 'none', spellcheck: 'false',
    label: label ?? (fresh ? texts.newPassword : texts.password),
    need: fresh ? texts.needNewPassword : texts.needPassword,
    hint: fresh && texts.newPasswordHint,
    onkeydown: look, onkeyup: look, onblur: () => (caps.textContent = ''),
  });
  /** @param {KeyboardEvent} event */
  function look(event) {
    caps.textContent = event.getModifierState?.('CapsLock') ? texts.capsLock : '';
  }
  made.node.append(caps);
  return made;
}

/**
 * Returns the ASCII form of a digit of any script. In Unicode, a script's digits are consecutive and begin with the script's
 * zero.
 * @param {string} character
 */
function digit(character) {
  const number = character.codePointAt(0) ?? 0;
  let zero = number;
  while (/\p{Nd}/u.test(String.fromCodePoint(zero - 1))) zero -= 1;
  return String((number - zero) % 10);
}

/**
 * Returns the digits of a typed or pasted code, without spaces and dashes. Digits may be full-width.
 * @param {string} text
 */
export const digitsOf = (text) => text.replace(/\p{Nd}/gu, digit).replace(/\D/g, '').slice(0, 10);

/** Makes one field for the whole code, so that paste and autofill work. Spaces and dashes in the field are ignored. */
export function codeField() {
  /** @param {{target: HTMLInputElement, isComposing?: boolean}} event */
  const tidy = ({ target, isComposing }) => {
    const digits = digitsOf(target.value);
    // Without this check, an input method in the middle of a composition would insert the text twice.
    if (!isComposing && digits !== target.value) target.value = digits;
  };
  return field({
    name: 'code', label: texts.code, need: texts.needCode, class: 'code',
    inputmode: 'numeric', autocomplete: 'one-time-code', spellcheck: 'false',
    oninput: tidy, oncompositionend: tidy, onblur: tidy,
  });
}

/**
 * Makes a hidden field from which password managers learn the account of the new password.
 * @param {string} email
 */
export const accountField = (email) =>
  el('input', { type: 'email', name: 'username', autocomplete: 'username', value: email, hidden: true, readonly: true });

/**
 * The times at which the server will again accept attempts, by kind of attempt, in milliseconds. The times are kept when the
 * view changes.
 * @type {Map<string, number>}
 */
const until = new Map();
/** @param {number} number */
const two = (number) => String(Math.floor(number)).padStart(2, '0');
/** @param {number} seconds */
const clock = (seconds) =>
  (seconds < 3600
    ? `${Math.floor(seconds / 60)}:${two(seconds % 60)}`
    : `${Math.floor(seconds / 3600)}:${two((seconds % 3600) / 60)}:${two(seconds % 60)}`);

/**
 * Blocks `control` while the server refuses attempts of this kind. Returns a function that checks the block again.
 * @param {HTMLElement} control @param {() => string} kind @param {() => void} freed
 */
function waiting(control, kind, freed) {
  /** @type {any} */
  const words = control.querySelector('span');
  const label = words.textContent;
  /** @type {any} */
  let timer;
  const look = () => {
    const left = Math.ceil(((until.get(kind()) ?? 0) - Date.now()) / 1000);
    const was = control.hasAttribute('aria-disabled');
    words.textContent = left > 0 ? fill(texts.waitButton, { time: clock(left) }) : label;
    if (left > 0) control.setAttribute('aria-disabled', 'true');
    else control.removeAttribute('aria-disabled');
    if (left > 0) timer ??= setInterval(() => (control.isConnected ? look() : clearInterval(timer)), 1000);
    else timer = clearInterval(timer);
    if (was && left <= 0) freed();
    return left > 0;
  };
  look();
  return look;
}

/**
 * Sends a request when the person uses `control`, and shows the result. Further uses are ignored while an answer is pending
 * or attempts are blocked.
 * @param {Object} options
 * @param {HTMLElement} options.control the button; its `disabled` attribute is never set, because the button has to keep the
 *   focus
 * @param {() => string} options.kind returns the name of the server's limit for an attempt
 * @param {() => Promise<Answered>} options.send
 * @param {(answer: any, say: Say) => unknown} options.done
 * @param {Refused} [options.refused]
 */
export function sender({ control, kind, send, done, refused = {} }) {
  const said = el('div', { class: 'said', role: 'alert' });
  /** @type {Say} */
  const say = (text, more, ...extra) => {
    said.replaceChildren(...(text ? [notice(text, more, 'alert')] : []));
    if (text) said.firstElementChild?.lastElementChild?.append(...kept(extra));
  };
  const look = waiting(control, kind, () => said.replaceChildren(notice(texts.tryNow)));
  async function act() {
    if (control.hasAttribute('aria-busy') || look()) return;
    say();
    control.setAttribute('aria-busy', 'true');
    try {
      const { response, answer } = await send();
      if (response.ok) return void (await done(answer, say));
      const after = Number(response.headers.get('Retry-After') ?? answer.retry_after);
      if (response.status === 429) {
        until.set(kind(), Date.now() + (after || 15) * 1000);
        say(texts.tooMany, texts.tooManyMore);
        look();
      } else if (Object.hasOwn(refused, answer.error)) refused[answer.error](answer, say);
      else say(response.status >= 500 ? texts.formUnavailable : texts.formFailed);
    } catch {
      say(texts.formOffline);
    } finally {
      control.removeAttribute('aria-busy');
    }
  }
  return { said, act, look };
}

/**
 * Makes a form that is submitted by script.
 * @param {Object} options the options of sender(), and these options:
 * @param {Field[]} options.fields
 * @param {string} options.label the button's text
 * @param {(values: Values) => string} options.kind
 * @param {(values: Values) => Promise<Answered>} options.send
 * @param {(answer: any, say: Say) => unknown} options.done
 * @param {Refused} [options.refused]
 * @param {import('./view.js').Child[]} [options.extra] nodes between the fields and the button
 * @param {string} [options.titled] the id of the element that names the form; the default is the view's heading
 */
export function form({ fields, label, extra = [], titled = 'title', send, kind, refused, ...rest }) {
  const control = el('button', { class: 'button primary', type: 'submit' }, el('span', {}, label));
  const values = () => Object.fromEntries(fields.map(({ name, input }) => [name, input.value]));
  const address = fields.find(({ name }) => name === 'email');
  // The server is stricter about addresses than some browsers.
  /** @type {Refused} */
  const malformed = address ? { invalid_request: () => reject(address, texts.needAddress) } : {};
  const { said, act, look } = sender({
    ...rest, control, refused: { ...malformed, ...refused }, kind: () => kind(values()), send: () => send(values()),
  });
  /** @param {SubmitEvent} event */
  const onsubmit = (event) => {
    event.preventDefault();
    const wrong = fields.filter((one) => !one.check());
    if (wrong.length) wrong[0].input.focus();
    else void act();
  };
  // The method is POST, so that a password can never get into a URL.
  return el('form', { method: 'post', novalidate: true, 'aria-labelledby': titled, onsubmit, oninput: () => look() },
    ...fields.map(({ node }) => node), ...kept(extra), control, said);
}

/**
 * Marks a field as refused by the server, and focuses the field.
 * @param {Field} one @param {string} text
 */
export function reject(one, text) {
  one.complain(text);
  one.input.focus();
  one.input.select();
}

/** @param {Field} one @param {{requirements?: Record<string, string|number>}} answer */
export const badPassword = (one, { requirements = {} }) => reject(one, fill(texts.badPassword, requirements));

/** @param {string} label @param {string} href */
export const link = (label, href) => el('a', { class: 'link', href }, label);
/** @param {string} label @param {() => unknown} onclick */
export const linkButton = (label, onclick) => el('button', { class: 'link', type: 'button', onclick }, label);

/**
 * Returns the element for passkeys, if the stage offers passkeys and the browser supports passkeys. The module for passkeys is
 * loaded later, so the form does not wait for this module.
 * @param {import('./app.js').Config|null} config
 * @param {(module: typeof import('./passkeys.js'), box: HTMLElement) => unknown} put
 */
export function passkeyBox(config, put) {
  const kinds = /** @type {any} */ (globalThis).PublicKeyCredential;
  if (!config?.passkeys || !kinds?.parseRequestOptionsFromJSON) return null;
  const box = el('div', { class: 'passkey' });
  import('./passkeys.js').then((module) => put(module, box)).catch(() => null); // without the module, the person can use the password
  return box;
}

/**
 * The frame of the page and the first views. A view is a function that returns nodes for some data. show() displays the nodes.
 * Other views are in separate modules. A module is imported at the first use of the view. All text is put into the document as
 * text nodes.
 *
 * @typedef {Node|string|null|undefined|false} Child empty values are left out
 * @typedef {keyof typeof ICONS} Sign
 * @typedef {'info'|'alert'} Kind
 * @typedef {[what?: string, more?: string|null, kind?: Kind]} Words of a notice
 * @typedef {{label: string, sign: Sign, url: (remember?: boolean) => string}} Way to sign in
 * @typedef {{remember: boolean, byPassword?: boolean}} Choice
 */
import { texts } from './texts.js';

const ICONS = {
  key: 'M11.5 12.5a4.5 4.5 0 1 1 0-.01zM11.5 12.5H21v3.5m-4-3.5v2.5',
  mail: 'M3 6h18v12H3zm0 1 9 7 9-7',
  go: 'M5 12h14m-6-6 6 6-6 6',
  out: 'M13 4H5v16h8m-3-8h11m-4-4 4 4-4 4',
  info: 'M12 3a9 9 0 1 0 .01 0M12 11v6m0-9.5v.5',
  alert: 'M12 4 2.5 20h19zm0 6v5m0 2.2v.3',
  shield: 'M12 3l8 3v6c0 4.5-3.2 7.6-8 9-4.8-1.4-8-4.5-8-9V6zm-3.5 9 2.5 2.5 4.5-5',
  phone: 'M7 3h10v18H7zm4 15h2',
  cloud: 'M7 18a4.5 4.5 0 1 1 .6-9A6 6 0 0 1 19 11a3.5 3.5 0 0 1-.5 7z',
};

/**
 * @param {string} text
 * @param {Record<string, string|number|undefined>} values
 */
export const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, key) => String(values[key] ?? ''));

/** @param {Child[]} children @returns {any[]} the children without empty values */
export const kept = (children) => children.filter(Boolean);

/**
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Record<string, any>} [props] `on…` are listeners. The value true sets an attribute without a value. The value false
 *   omits the attribute. All other names are attributes with their values.
 * @param {...Child} children
 */
export function el(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [key, value] of Object.entries(props)) {
    if (typeof value === 'function') node.addEventListener(key.slice(2), value);
    else if (value === true) node.setAttribute(key, '');
    else if (value !== false && value != null) node.setAttribute(key, value);
  }
  node.append(...kept(children));
  return node;
}

/** @param {Sign} name */
export function icon(name) {
  const space = 'http://www.w3.org/2000/svg';
  const svg = document.createElementNS(space, 'svg');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('aria-hidden', 'true');
  const path = document.createElementNS(space, 'path');
  path.setAttribute('d', ICONS[name]);
  svg.append(path);
  return svg;
}

/** @param {string} text */
export const heading = (text) => el('h1', { id: 'title', tabindex: '-1' }, text);

/** @param {string|undefined} text @param {string|null} [more] @param {Kind} [kind] */
export const notice = (text, more, kind = 'info') =>
  el('div', { class: `notice ${kind}` }, icon(kind), el('div', {}, el('p', {}, text), more && el('p', {}, more)));

/** @param {string|undefined} label @param {(event: any) => unknown} onclick @param {string} [kind] @param {Sign} [sign] */
export const button = (label, onclick, kind = 'primary', sign) =>
  el('button', { class: `button ${kind}`, type: 'button', onclick }, sign && icon(sign), el('span', {}, label));

/**
 * Makes a link for a way to sign in. A form would not work, because the CSP's form-action also applies to the redirects after
 * a form.
 * @param {string} label @param {Sign} sign @param {string} href @param {string} [kind]
 */
export const way = (label, sign, href, kind = '') =>
  el('a', { class: `button ${kind}`, href, onclick: busy }, icon(sign), el('span', {}, label), icon('go'));

/** @param {any} event a click on a link */
function busy(event) {
  if (!event.ctrlKey && !event.metaKey && !event.shiftKey) event.currentTarget.setAttribute('aria-busy', 'true');
}

/**
 * Makes the links for the ways to sign in, and the checkbox below the links. `choice.remember` is kept for the next view.
 * @param {Way[]} ways @param {Choice} choice @param {string} [primary] the style of the first link
 */
export function waysAndBox(ways, choice, primary = 'primary') {
  const links = ways.map(({ label, sign, url }, index) => way(label, sign, url(choice.remember), index ? '' : primary));
  const input = el('input', { type: 'checkbox', autocomplete: 'off', checked: choice.remember });
  connect(links, input, ways, choice);
  return [el('div', { class: 'ways' }, ...links), el('label', { class: 'check' }, input, texts.remember)];
}

/** @param {HTMLAnchorElement[]} links @param {HTMLInputElement} input @param {Way[]} ways @param {Choice} choice */
function connect(links, input, ways, choice) {
  const follow = () => {
    choice.remember = input.checked;
    links.forEach((link, index) => (link.href = ways[index].url(input.checked)));
  };
  input.addEventListener('change', follow);
  follow();
}

/** @param {{ways: Way[], choice: Choice, notice?: Words}} options */
export function choose({ ways, choice, notice: words }) {
  const [text, more, kind] = words ?? [];
  return [
    heading(texts.chooseTitle),
    text ? notice(text, more, kind) : ways.length > 0 && el('p', { class: 'quiet' }, texts.chooseLead),
    ...(ways.length ? waysAndBox(ways, choice) : [notice(texts.noMethod, null, 'alert')]),
  ];
}

/** @param {{label?: string, url?: string}} options @returns {Child[]} */
export function leaving({ label, url }) {
  return [
    heading(label ? fill(texts.leaveTitle, { label }) : texts.wait),
    url && el('p', { class: 'quiet' }, texts.leaveLead),
    url && way(fill(texts.provider, { label }), 'key', url),
  ];
}

/** @param {{offline: boolean, retry: (event: any) => unknown}} options */
export function unavailable({ offline, retry }) {
  return [
    el('div', { class: 'sign' }, icon('cloud')),
    heading(offline ? texts.offlineTitle : texts.unavailableTitle),
    el('p', {}, offline ? texts.offline : texts.unavailable),
    el('p', { class: 'quiet', id: 'countdown' }),
    button(texts.tryAgain, retry),
  ];
}

const main = /** @type {HTMLElement} */ (document.getElementById('view'));
const alertBox = /** @type {HTMLElement} */ (document.getElementById('alert'));
const footer = document.querySelector('footer');
const app = document.title;
let shown = 'loading';

/**
 * Replaces the current view. Focus goes to the new heading, except on the first view of a newly opened page.
 * @param {string} name
 * @param {Child[]} nodes
 * @param {HTMLElement} [start] the element that gets the focus instead
 */
export function show(name, nodes, start) {
  const move = shown !== 'loading' && (start || shown !== name);
  main.replaceChildren(...kept(nodes));
  const title = began(name);
  if (move || name === 'error') (start ?? title)?.focus();
}

/** @param {string} name */
function began(name) {
  shown = document.body.dataset.view = name;
  announce();
  const title = main.querySelector('h1');
  document.title = `${title?.textContent} · ${app}`;
  return title;
}

/**
 * Connects the view `choose` in the server's HTML. Keeps a choice that the person made before this script loaded.
 * @param {Way[]} ways @param {Choice} choice
 * @param {boolean} stays false if another view is about to replace the view in the HTML, and takes over only the choice
 */
export function adopt(ways, choice, stays) {
  const links = /** @type {HTMLAnchorElement[]} */ ([...main.querySelectorAll('.ways a')]);
  for (const link of links) link.addEventListener('click', busy);
  connect(links, /** @type {any} */ (main.querySelector('input')), ways, choice);
  if (!stays) return;
  for (const node of main.querySelectorAll('noscript, .late')) node.remove();
  began('choose');
}

/**
 * Shows a message at once, below the view. Without a text, removes the message.
 * @param {string} [text]
 * @param {string} [more]
 * @param {{label: string|undefined, act: () => void}} [action]
 */
export function announce(text, more, action) {
  alertBox.replaceChildren(...(text ? [notice(text, more, 'alert')] : []));
  // insert the footer again, so that the footer's move does not count as a layout shift
  if (footer) footer.parentNode?.append(footer);
  if (text && action) alertBox.firstElementChild?.append(button(action.label, action.act, 'small'));
}

/** @param {number|null} seconds the seconds until the next attempt; null if no attempt follows */
export function showCountdown(seconds) {
  const box = document.getElementById('countdown');
  if (box) box.textContent = seconds === null ? '' : seconds > 0 ? fill(texts.retryIn, { seconds }) : texts.retrying;
}

export const blank = () => main.replaceChildren();

/** Resets the "busy" state of links after the page returns from the back-forward cache. */
export const settle = () => document.querySelectorAll('[aria-busy]').forEach((link) => link.removeAttribute('aria-busy'));

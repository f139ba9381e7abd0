/** Shows the key for an authenticator app: as a QR code, and as text. */
import { el } from './view.js';
import { texts } from './more-texts.js';

const SPACE = 'http://www.w3.org/2000/svg';
const QUIET_ZONE = 4; // modules; ISO/IEC 18004

/** @param {string} tag @param {Record<string, string>} attributes @param {...Node} children */
function svg(tag, attributes, ...children) {
  const node = document.createElementNS(SPACE, tag);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children);
  return node;
}

/** @param {string[]} rows of "0" and "1", without the quiet zone */
function drawQr(rows) {
  const size = rows.length + 2 * QUIET_ZONE;
  const runs = rows.flatMap((row, y) =>
    [...row.matchAll(/1+/g)].map(({ index, 0: run }) =>
      `M${index + QUIET_ZONE} ${y + QUIET_ZONE}h${run.length}v1h-${run.length}z`));
  return svg('svg', { class: 'qr', viewBox: `0 0 ${size} ${size}`, role: 'img', 'aria-label': texts.setupQr },
    svg('path', { d: runs.join('') }));
}

/** @param {{secret: string, otpauth: string, qr: string[]}} key @returns the nodes */
export function enrolment({ secret, otpauth, qr }) {
  const copy = el('button', {
    class: 'inside', type: 'button',
    async onclick() {
      await navigator.clipboard.writeText(secret);
      copy.textContent = texts.copied;
      status.textContent = texts.copied;
    },
  }, texts.copy);
  const status = el('span', { class: 'heard', role: 'status' });
  return [
    el('p', { class: 'quiet' }, texts.setupScan),
    drawQr(qr),
    el('p', { class: 'quiet' }, texts.setupKey),
    el('div', { class: 'key' }, el('code', {}, secret.replace(/(.{4})(?=.)/g, '$1 ')), copy, status),
    otpauth.startsWith('otpauth://') && el('a', { class: 'link', href: otpauth }, texts.setupOpen),
  ].filter(Boolean);
}

/** Formats dates, times and durations in the page's language, in the browser's preferred regional form. */
import { el } from './view.js';

const { lang } = document.documentElement;
const locale = navigator.languages.find((language) => language.startsWith(lang)) ?? lang;

/** @param {number|Date} value @param {Intl.DateTimeFormatOptions} format */
export const time = (value, format) => new Intl.DateTimeFormat(locale, format).format(value);

/** @param {string|undefined} iso @param {Intl.DateTimeFormatOptions} [format] */
export const date = (iso, format) =>
  iso && Date.parse(iso) ? el('time', { datetime: iso }, time(new Date(iso), { dateStyle: 'long', ...format })) : null;

/** @param {number} ms */
export function duration(ms) {
  const minutes = Math.max(0, Math.ceil(ms / 60000));
  /** @type {[number, string][]} */
  const parts = [[Math.floor(minutes / 1440), 'day'], [Math.floor(minutes / 60) % 24, 'hour'], [minutes % 60, 'minute']];
  const kept = parts.filter(([count]) => count).slice(0, 2);
  return (kept.length ? kept : parts.slice(2))
    .map(([value, unit]) =>
      new Intl.NumberFormat(locale, { style: 'unit', unit, unitDisplay: 'short' }).format(value))
    .join(' ');
}

/** Styles of a later view: they come with its module, not with the first view. */
import { el } from './view.js';

/** @param {string} name the file beside this one; resolves when it is there, or cannot be had */
export const sheet = (name) =>
  new Promise((done) => {
    const href = new URL(name, import.meta.url).href;
    document.head.append(el('link', { rel: 'stylesheet', href, onload: done, onerror: done }));
  });

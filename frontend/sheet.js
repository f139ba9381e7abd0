/** Styles of a later view: they are loaded with its module, not with the first view. */
import { el } from './view.js';

/** @param {string} name the file beside this one; resolves when it is loaded, or has failed */
export const sheet = (name) =>
  new Promise((done) => {
    const href = new URL(name, import.meta.url).href;
    document.head.append(el('link', { rel: 'stylesheet', href, onload: done, onerror: done }));
  });

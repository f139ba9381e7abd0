/** Styles of a later view: the view's module loads them, so the first view does not wait for them. */
import { el } from './view.js';

/** @param {string} name a file beside this one; resolves when the file is loaded or has failed to load */
export const sheet = (name) =>
  new Promise((done) => {
    const href = new URL(name, import.meta.url).href;
    document.head.append(el('link', { rel: 'stylesheet', href, onload: done, onerror: done }));
  });

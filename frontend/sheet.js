/**
 * Loads the styles of a later view. The view's module calls this function, so the first view does not wait for later styles.
 */
import { el } from './view.js';

/** @param {string} name a file beside this file; the result resolves when the file is loaded or has failed to load */
export const sheet = (name) =>
  new Promise((done) => {
    const href = new URL(name, import.meta.url).href;
    document.head.append(el('link', { rel: 'stylesheet', href, onload: done, onerror: done }));
  });

// All words of the page, once its later parts are there.
import type catalogue from '../../../frontend/texts/en.json';

export const texts: (typeof catalogue)['first'] & (typeof catalogue)['later'];

// All texts of the page, available when its later parts have loaded.
import type catalogue from '../../../frontend/texts/en.json';

export const texts: (typeof catalogue)['first'] & (typeof catalogue)['later'];

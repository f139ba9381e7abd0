// The module that page/static_files.py makes from a catalogue: the texts of the first view.
// The first later part brings the others.
import type catalogue from '../../../frontend/texts/en.json';

export const texts: (typeof catalogue)['first'] & Partial<(typeof catalogue)['later']>;

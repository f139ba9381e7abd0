// What web/static_files.py makes of a catalogue: the words of the first view. The others come with the first later part.
import type catalogue from '../../../frontend/texts/en.json';

export const texts: (typeof catalogue)['first'] & Partial<(typeof catalogue)['later']>;

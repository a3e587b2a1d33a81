// Pyodide, CPython compiled to WebAssembly, with a promisepy of this machine in it.
import {createRequire} from 'node:module';
import {join} from 'node:path';

// Imports from the folder into which npm has installed the packages.
export const requireFrom = (packages) => createRequire(join(packages, 'node_modules', 'here.js'));

export async function load(packages, promisepy) {
  const pyodide = await requireFrom(packages)('pyodide').loadPyodide();
  pyodide.FS.mkdirTree('/promisepy/promisepy');
  pyodide.FS.mount(pyodide.FS.filesystems.NODEFS, {root: promisepy}, '/promisepy/promisepy');
  pyodide.runPython("import sys; sys.path.insert(0, '/promisepy'); sys.dont_write_bytecode = True");
  return pyodide;
}

/** A bundle that cannot be used here: one line that says which file, and what was expected. */
export class BundleError extends Error {
  override name = "BundleError";
}

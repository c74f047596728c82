export interface TypeScriptOptions {
  /**
   * How a `long` field appears: as one `bigint`, or as `pair`, two int32 fields `nameHi` and `nameLo`, both signed.
   * Longs in vectors and maps are always bigint: they have no name to divide.
   */
  readonly long: 'bigint' | 'pair'
  /** Ending of imports between generated files. */
  readonly importExtension: '.ts' | '.js'
  /** Module that exports the runtime. */
  readonly runtime: string
}

export const DEFAULT_OPTIONS: TypeScriptOptions = { long: 'bigint', importExtension: '.js', runtime: 'jute-ts' }

export const TEST_CLASSES: readonly string[] = ['test.ClientTest']

/** Methods that look inside of Apache's server. */
export const LEFT_OUT: Readonly<Record<string, readonly string[]>> = { 'test.ClientTest': ['testPathValidation'] }

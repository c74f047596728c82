export default {
  testEnvironment: 'node',
  roots: ['<rootDir>/test', '<rootDir>/jute/test'],
  testMatch: ['**/*.test.ts'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      { jsc: { target: 'es2023', parser: { syntax: 'typescript' } }, module: { type: 'commonjs' } }
    ]
  },
  moduleNameMapper: {
    '^jute-ts$': '<rootDir>/jute/src/index.ts',
    '^jute-ts/compiler$': '<rootDir>/jute/src/compiler/index.ts'
  },
  // Some tests run real processes, and CI has two slow cores.
  testTimeout: 120_000,
  maxWorkers: 2
}

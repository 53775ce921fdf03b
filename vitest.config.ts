import { defineConfig } from 'vitest/config'

/** Long proofs, for which `npm test` has no time: `npm run proofs`. */
const proofs = [
  'test/e2e/{connected-cars,remaining-life}.real.test.ts',
  'test/edge-broker/{disk-full,foreign-topics}.real.test.ts',
  'test/edge-broker/task/{faults,pauses}.real.test.ts',
  'test/hall/**/*.real.test.ts',
  'test/{examples,processors}/**/*.real.test.ts',
  'test/runtime/{backtest,deadletter,processors}/*.real.test.ts',
]
/** A minute of it here, five with `npm run chaos`. */
const chaos = ['test/chaos/**/*.real.test.ts']
/** Whole plants. */
const plants = ['test/e2e/**/*.real.test.ts']
/** What has to keep a time, which it cannot while others use the processor: after all else. */
const alone = ['test/runtime/source/ownership.real.test.ts', 'test/board/board.real.test.ts']
const devices = ['test/{connectors,simulator}/**/*.real.test.ts', 'test/board/server.real.test.ts']

/** Servers of others and real clusters need their time; one file after the other, because two cores carry one cluster. */
const real = {
  fileParallelism: false,
  testTimeout: 120_000,
  hookTimeout: 180_000,
}

export default defineConfig({
  test: {
    teardownTimeout: 30_000,
    projects: [
      {
        test: {
          name: 'unit',
          // They keep nothing between them; each in a world of its own would cost as much again in imports.
          isolate: false,
          include: ['test/**/*.test.ts'],
          exclude: ['test/**/*.real.test.ts'],
          testTimeout: 60_000,
        },
      },
      { test: { name: 'devices', include: devices, ...real } },
      { test: { name: 'plants', include: plants, exclude: proofs, ...real } },
      { test: { name: 'chaos', include: chaos, ...real } },
      { test: { name: 'proofs', include: proofs, ...real } },
      { test: { name: 'alone', include: alone, ...real } },
      {
        test: {
          name: 'clusters',
          include: ['test/**/*.real.test.ts'],
          exclude: [...devices, ...plants, ...chaos, ...alone, ...proofs],
          ...real,
        },
      },
    ],
  },
})

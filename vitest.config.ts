import { defineConfig } from 'vitest/config'

/** Whole plants, and what stands on two clusters. */
const plants = ['test/{e2e,hall,replicator}/**/*.real.test.ts', 'test/board/live.real.test.ts']
/** What has to keep a time, which it cannot while others use the processor: after all else. */
const alone = ['test/runtime/source/ownership.real.test.ts']
const devices = ['test/{connectors,simulator}/**/*.real.test.ts', 'test/board/{board,server}.real.test.ts']

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
          include: ['test/**/*.test.ts'],
          exclude: ['test/**/*.real.test.ts'],
          testTimeout: 20_000,
        },
      },
      { test: { name: 'devices', include: devices, ...real } },
      { test: { name: 'plants', include: plants, ...real } },
      { test: { name: 'alone', include: alone, ...real } },
      {
        test: {
          name: 'clusters',
          include: ['test/**/*.real.test.ts'],
          exclude: [...devices, ...plants, ...alone],
          ...real,
        },
      },
    ],
  },
})

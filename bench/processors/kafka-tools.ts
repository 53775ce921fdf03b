/** kafka-producer-perf-test and kafka-consumer-perf-test, as they are in the distribution. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { javaCommand } from '../../edge-broker/java.ts'

const run = promisify(execFile)

async function tool(mainClass: string, args: readonly string[], dir: string): Promise<string> {
  const command = await javaCommand({ mainClass, args, heapMiB: 512, dir, log: 'perf.log' })
  const { stdout } = await run(command.command, [...command.args], {
    cwd: command.cwd,
    env: { ...process.env, ...command.env },
    maxBuffer: 1 << 26,
  })
  return stdout
}

/** MB/s of so many records with acks=all. */
export async function producerPerf(
  properties: string,
  dir: string,
  topic: string,
  records: number,
  recordBytes: number,
): Promise<number> {
  const said = await tool(
    'org.apache.kafka.tools.ProducerPerformance',
    [
      ...['--topic', topic, '--num-records', String(records), '--record-size', String(recordBytes)],
      ...['--throughput', '-1', '--producer-props', 'acks=all', '--producer.config', properties],
    ],
    dir,
  )
  const rate = said.match(/\(([\d.]+) MB\/sec\)/g)?.at(-1)
  if (!rate) throw new Error(`kafka-producer-perf-test said ${said.slice(-500)}`)
  return Number(/[\d.]+/.exec(rate)![0]) * 1.048576
}

/** MB/s of the same records read. */
export async function consumerPerf(
  properties: string,
  dir: string,
  topic: string,
  bootstrap: string,
  records: number,
): Promise<number> {
  const said = await tool(
    'org.apache.kafka.tools.ConsumerPerformance',
    [
      ...['--topic', topic, '--messages', String(records), '--bootstrap-server', bootstrap],
      ...['--consumer.config', properties, '--timeout', '60000', '--hide-header'],
    ],
    dir,
  )
  // start, end, MB, MB/s, records, records/s, rebalance ms, fetch ms, fetch MB/s, fetch records/s
  const cells = said.trim().split('\n').at(-1)!.split(',')
  const rate = Number(cells[8])
  if (!Number.isFinite(rate)) throw new Error(`kafka-consumer-perf-test said ${said.slice(-500)}`)
  return rate * 1.048576
}

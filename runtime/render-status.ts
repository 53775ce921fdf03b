import type { MachineStatus, PlantStatus, SourceStatus } from '../board/index.ts'

const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 })

/** The plant at one moment, as lines for a terminal; what needs somebody comes with its reason. */
export function renderStatus(status: PlantStatus): string[] {
  const { machines, alarms } = status
  const connected = machines.filter(machine => machine.state === 'connected').length
  const away = status.feed.state === 'away' ? [`  ! Kafka: ${status.feed.reason}`] : []
  return [
    `${status.plant}  ${status.at}`,
    ...away,
    `  brokers      ${brokersLine(status)}`,
    `  machines     ${connected} of ${machines.length} connected, ${whole.format(status.samplesPerSecond)} samples/s`,
    ...readersLines(machines),
    ...machines.filter(machine => machine.state !== 'connected').map(machineLine),
    ...ledgerLines(status),
    ...shedLines(status),
    `  lag          ${lagLine(status)}`,
    ...(isLate(status.lag)
      ? ['    ! the processors are behind: aggregates, signals and alarms are as late']
      : []),
    `  replicated   ${replicationLine(status)}`,
    `  open alarms  ${alarms.open.length}`,
    ...alarms.open.map(
      alarm =>
        `    ${alarm.severity === 'alarm' ? '■ ALARM  ' : '▲ warning'} ${alarm.asset} since ${time(alarm.since)}: ${alarm.reason}`,
    ),
    `  board        ${status.board.url ?? 'not known'}`,
    ...configurationLines(status),
  ]
}

function brokersLine({ brokers }: PlantStatus): string {
  const up = brokers.filter(broker => broker.up)
  const down = brokers
    .filter(broker => !broker.up)
    .map(broker => `${broker.id} (${broker.host}:${broker.port})`)
  const behind = up.filter(broker => broker.underReplicated).length
  const notes = [down.length > 0 ? `down: ${down.join(', ')}` : '', behind > 0 ? 'copies catching up' : '']
  return [`${up.length} of ${brokers.length} up`, ...notes.filter(Boolean)].join(', ')
}

function machineLine({ asset, state, reason, server }: MachineStatus): string {
  const by = server === undefined ? '' : ` (${server})`
  return `    ! ${asset}${by} is ${state}${reason ? `: ${reason}` : ''}`
}

/** Which server reads what. */
function readersLines(machines: readonly MachineStatus[]): string[] {
  const readers = Map.groupBy(
    machines.filter(({ server }) => server !== undefined),
    ({ server }) => server,
  )
  return [...readers].map(
    ([server, read]) => `    ${server} reads ${read.map(({ asset }) => asset).join(', ')}`,
  )
}

/** One line a source: what was due, came, was bad and is lost, and why. */
function ledgerLines({ sources }: PlantStatus): string[] {
  if (sources.length === 0) return []
  return ['  ledger       samples expected / received / bad / lost', ...sources.map(ledgerLine)]
}

function ledgerLine({
  source,
  expected,
  received,
  bad,
  lost,
  buffered,
  bufferUsed,
  clock,
}: SourceStatus): string {
  const counts = [expected, received, bad].map(count => (count === null ? 'unknown' : whole.format(count)))
  const losses = lost.map(({ cause, samples, andMore }) => {
    const known = samples > 0 ? whole.format(samples) : ''
    return `${[known, andMore ? 'unknown' : ''].filter(Boolean).join(' + ')} ${causeNames[cause] ?? cause}`
  })
  const waiting =
    buffered > 0 ? `; ${whole.format(buffered)} records wait on disk (${Math.round(bufferUsed * 100)} %)` : ''
  return `    ${lost.length > 0 ? '!' : ' '} ${source}: ${counts.join(' / ')} / ${losses.join(', ') || '0'}${waiting}${clock ? clockOff(clock) : ''}`
}

/** Beyond a second and beyond what the measurement can tell, somebody should set the device's clock. */
function clockOff({ offsetMs, uncertaintyMs }: NonNullable<SourceStatus['clock']>): string {
  if (Math.abs(offsetMs) < Math.max(1000, uncertaintyMs)) return ''
  const seconds = (Math.abs(offsetMs) / 1000).toLocaleString('en', { maximumFractionDigits: 1 })
  return `, its clock is ${seconds} s ${offsetMs > 0 ? 'ahead' : 'behind'}`
}

/** What is gone although nobody had read it long enough: the disks were full. */
function shedLines({ shed }: PlantStatus): string[] {
  return shed.map(
    ({ topic, offsets, at, reason }) =>
      `  ! shed       ${topic}: ${whole.format(offsets)} of the oldest records removed, last at ${at}. ${reason}`,
  )
}

const causeNames: Readonly<Record<string, string>> = {
  queueOverflow: 'queue overflow',
  revisedInterval: 'revised interval',
  missedScan: 'missed scan',
  bufferFull: 'buffer full',
}

/** The hash that runs; a service that runs another, and what was refused, with its place. */
function configurationLines({ configuration: { services, refused } }: PlantStatus): string[] {
  const hashes = [...new Set(services.map(({ hash }) => hash))]
  const short = (hash: string) => hash.slice(0, 12)
  const running =
    hashes.length > 1
      ? services.map(({ service, server, hash }) => `    ! ${server}/${service} runs ${short(hash)}`)
      : []
  return [
    ...(hashes.length > 0 ? [`  plant folder ${hashes.map(short).join(', ')}`] : []),
    ...running,
    ...refused.flatMap(({ problems, count }) => [
      `    ! a change of the plant folder is refused (${count} problem${count === 1 ? '' : 's'}), the plant runs on as it was:`,
      ...problems.map(
        ({ file, line, column, message }) =>
          `      ${line > 0 ? `${file}:${line}:${column}` : file}: ${message}`,
      ),
    ]),
  ]
}

/** Behind by more than this, somebody is to look, s. */
const lateS = 60

export const isLate = ({ seconds }: PlantStatus['lag']): boolean => (seconds ?? 0) > lateS

function lagLine({ lag }: PlantStatus): string {
  if (lag.records === null) return 'not known yet'
  return `${whole.format(lag.records)} records${lag.seconds === undefined ? '' : `, ${lag.seconds.toFixed(1)} s`}`
}

function replicationLine({ replication }: PlantStatus): string {
  if (replication.records === null) return replication.reason ?? 'not known yet'
  const lag = replication.lagSeconds === null ? '' : `, ${replication.lagSeconds.toFixed(1)} s behind`
  return `${whole.format(replication.records)} records${lag}`
}

const time = (iso: string): string => new Date(iso).toLocaleTimeString('en-GB')

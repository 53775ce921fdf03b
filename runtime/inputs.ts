/** The topics that processors take records of. */
export const inputTopics = ['telemetry', 'waveforms', 'labels'] as const

/** The consumer group under which their positions are kept; what lag is measured by. */
export const processorGroup = 'processors'

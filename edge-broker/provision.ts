import { plantAcls, regionAcls } from './acls.ts'
import type { Acl, Kafka, TopicSpec } from './kafka.ts'
import { type ClusterPlan, regionTopicSpecs, topicSpecs } from './topics.ts'

/** Makes the plant's topics and access lists; what is there stays. Idempotent; wants the admin's connection. */
export async function provisionPlant(kafka: Kafka, plant: ClusterPlan): Promise<void> {
  await provision(kafka, topicSpecs(plant), plantAcls(plant))
}

/** The same for a region of the plant's own: what the exports arrive in, and the replicator's rights. */
export async function provisionRegion(kafka: Kafka, plant: ClusterPlan): Promise<void> {
  const admin = await kafka.admin()
  const brokers = await admin.brokers().finally(() => admin.close())
  await provision(kafka, regionTopicSpecs(plant, brokers.length), regionAcls(plant))
}

async function provision(kafka: Kafka, topics: TopicSpec[], acls: Acl[]): Promise<void> {
  const admin = await kafka.admin()
  try {
    await Promise.all([admin.createTopics(topics), admin.createAcls(acls)])
  } finally {
    await admin.close()
  }
}

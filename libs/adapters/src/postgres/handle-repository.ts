import { Between, type FindOperator, MoreThan } from 'typeorm';
import { type HandleFilter } from '#handles';
import { HandleEntity } from './handle.entity.js';
import { type PostgresDatabase } from './postgres-database.js';

const LIST_LIMIT_MAX = 500;

/** Look-ups that are not hot. Loads TypeORM: import it when it is needed. */
export const handleById = (database: PostgresDatabase, id: string): Promise<HandleEntity | null> =>
  database.repository(HandleEntity, (handles) => handles.findOneBy({ id }));

/** By id, at most 500. */
export const handlesOf = (
  database: PostgresDatabase,
  filter: HandleFilter,
): Promise<readonly HandleEntity[]> =>
  database.repository(HandleEntity, (handles) =>
    handles.find({
      where: {
        ...(filter.resource === undefined ? {} : { resource: filter.resource }),
        ...(filter.subjectId === undefined ? {} : { subjectId: filter.subjectId }),
        ...(filter.familyId === undefined ? {} : { familyId: filter.familyId }),
        ...(filter.status === undefined ? {} : { status: filter.status }),
        ...(filter.fingerprint === undefined ? {} : { digest: beginningWith(filter.fingerprint) }),
        ...(filter.after === undefined ? {} : { id: MoreThan(filter.after) }),
      },
      order: { id: 'ASC' },
      take: Math.max(1, Math.min(filter.limit, LIST_LIMIT_MAX)),
    }),
  );

/** Those digests that begin with these hex digits, by the index of digests. */
const beginningWith = (fingerprint: string): FindOperator<Buffer> =>
  Between(
    Buffer.from(fingerprint.padEnd(64, '0'), 'hex'),
    Buffer.from(fingerprint.padEnd(64, 'f'), 'hex'),
  );

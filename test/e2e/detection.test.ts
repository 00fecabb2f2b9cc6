import { randomUUID } from 'node:crypto';
import kafkajs from 'kafkajs';
import { TOPICS } from '#events';
import { mintHandle } from '#handles';
import { createTopics, describeWithServer, TestKafka } from '#test-support';
import { TopicReader } from '../chaos/topic-reader.js';
import { POISONS } from '../chaos/poison.js';
import { DetectingDeployment, deploymentName } from '../support/detecting-deployment.js';
import { foreignHandle } from '../demo/foreign-handle.js';
import { until } from '../support/until.js';
import { deniedCall, orderedBy } from './detection-deeds.js';

const START_TIMEOUT_MS = 180_000;
const PATIENCE_MS = 30_000;

interface ShownDetection {
  readonly id: string;
  readonly rule: string;
  readonly explanation: string;
  readonly evidence_event_ids: readonly string[];
  readonly responses: readonly { readonly action: string; readonly result: string }[];
  readonly closed: { readonly resolution: string } | null;
}

// A broker of its own: what is put on its topics would stop the suites that share one.
describeWithServer('detection by processes of their own', 'kafka', () => {
  describeWithServer('with a database', 'postgres-18', () => {
    describeWithServer('with secrets', 'openbao', () => {
      let kafka: TestKafka;
      let prod: DetectingDeployment;
      let heard: TopicReader;
      let operator: string;
      const token = (subject: string): Promise<string> => prod.folder.issuer.mint(subject);
      const ask = async (path: string, body?: object): Promise<Response> =>
        fetch(`${prod.of('control').adminOrigin}/admin/v1/${path}`, {
          headers: { authorization: `Bearer ${operator}`, 'content-type': 'application/json' },
          ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
        });
      const listed = async (query: string): Promise<readonly ShownDetection[]> =>
        ((await (await ask(`detections?${query}`)).json()) as { detections: ShownDetection[] })
          .detections;
      const shown = async (id: string): Promise<ShownDetection> =>
        (await (await ask(`detections/${id}`)).json()) as ShownDetection;
      /** The newest of a rule, when there are at least so many. */
      const raised = async (rule: string, count = 1): Promise<ShownDetection> => {
        let found: readonly ShownDetection[] = [];
        await until(
          `${rule} is raised`,
          async () => {
            found = await listed(`rule=${rule}`);
            return found.length >= count;
          },
          PATIENCE_MS,
        );
        return found[0]!;
      };
      const executed = async (): Promise<Map<string, number>> => {
        const rows = await prod.database.database.query<{ target: string; count: number }>(
          `select payload->'data'->>'target' as target, count(*)::integer as count from public.outbox
           where type = 'dev.postern.response.executed.v1' group by 1`,
        );
        return new Map(rows.map(({ target, count }) => [target, count]));
      };
      const revocations = async (handleId: string): Promise<number> => {
        const rows = await prod.database.database.query(
          `select 1 from public.outbox
           where type = 'dev.postern.handle.revoked.v1' and aggregateid = $1`,
          [handleId],
        );
        return rows.length;
      };
      /** The same token again, from another agent in the same network. */
      const replayed = async (): Promise<string> => {
        const subjectToken = await token('settler');
        const { handleId } = await prod.exchange(subjectToken);
        const again = await fetch(`${prod.of('sts').origin}/oauth2/token`, {
          method: 'POST',
          headers: { 'user-agent': `thief-${randomUUID().slice(0, 4)}` },
          body: new URLSearchParams({
            grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
            subject_token: subjectToken,
            subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
            audience: 'ledger',
          }),
        });
        expect(again.status).toBe(400);
        return handleId;
      };
      const restrictions = async (): Promise<readonly object[]> =>
        ((await (await ask('restrictions')).json()) as { restrictions: object[] }).restrictions;
      const announced = (detectionId: string): boolean =>
        heard.records.some(({ bytes }) => bytes.includes(detectionId));

      beforeAll(async () => {
        kafka = await TestKafka.start('detection');
        await createTopics(kafka.brokers);
        prod = await DetectingDeployment.start({
          ...{ environment: 'prod', deployment: deploymentName('prod'), brokers: kafka.brokers },
        });
        heard = await TopicReader.start(kafka.brokers, TOPICS.detection, '');
        const scopes = ['admin.read', 'admin.revoke'];
        operator = (await prod.exchange(await token('operator'), 'postern', scopes)).handle;
      }, START_TIMEOUT_MS);
      afterAll(async () => {
        await heard.stop();
        await prod.stop();
        await kafka.stop();
      }, 60_000);

      it('tells of a subject token that is presented again', async () => {
        const handleId = await replayed();
        const found = await raised('D01');
        expect(found.evidence_event_ids.length).toBeGreaterThanOrEqual(2);
        expect(await prod.statusOf(handleId)).toBe('active'); // From the same network: it may be a retry.
        await until('it is on Kafka', () => announced(found.id), PATIENCE_MS);
      }, 60_000);

      it('tells of a handle of another environment', async () => {
        expect(await prod.call(foreignHandle('staging'))).toBeGreaterThanOrEqual(400);
        const found = await raised('D03');
        expect(found.explanation).toContain('staging');
        await until('it is on Kafka', () => announced(found.id), PATIENCE_MS);
      }, 60_000);

      it('revokes a bound handle that came without its key, and no other', async () => {
        const { handleId } = await prod.exchange(await token('settler'));
        const bystander = await prod.exchange(await token('settler'));
        const beganAt = performance.now();
        await deniedCall(prod, { handle_id: handleId, reason: 'binding_mismatch' });
        await until(
          'it is revoked',
          async () => (await prod.statusOf(handleId)) === 'revoked',
          PATIENCE_MS,
        );
        const tookMs = Math.round(performance.now() - beganAt);
        process.stdout.write(`detection: a mismatch is contained after ${tookMs} ms\n`);
        const found = await raised('D06');
        await until(
          'it is told',
          async () => (await shown(found.id)).responses[0]?.result === 'done',
          PATIENCE_MS,
        );
        expect(await prod.statusOf(bystander.handleId)).toBe('active');
      }, 60_000);

      it('pages somebody for a canary, and blocks guesses from where it was used, and nobody with a handle', async () => {
        const { handle } = await prod.exchange(await token('settler'));
        const [guess, good] = [mintHandle('prod').plaintext, await prod.call(handle)];
        expect(await prod.call(guess)).toBe(401);
        await deniedCall(prod, {
          handle_id: `hdl_${'c'.repeat(22)}`,
          canary_id: 'cnr_1',
          reason: 'canary',
        });
        const found = await raised('D09');
        await until('it is blocked', async () => (await prod.call(guess)) === 429, PATIENCE_MS);
        expect(await prod.call(handle)).toBe(good);
        const { responses } = await shown(found.id);
        expect(responses).toMatchObject([{ action: 'block_source', result: 'done' }]);
        const { process: sentinel } = prod.of('sentinel');
        await until('it is said aloud', () => sentinel.output.includes('somebody has to look now'));
        expect(await restrictions()).toMatchObject([{ target: 'source:127.0.0.0/24' }]);
        expect((await ask(`detections/${found.id}/undo`, { reason: 'a test' })).status).toBe(200);
        await until('it is over', async () => (await prod.call(guess)) === 401, PATIENCE_MS);
        expect(await restrictions()).toEqual([]);
      }, 60_000);

      it('holds a workload back for a time, and no other', async () => {
        const { handleId } = await prod.exchange(await token('settler'));
        const [{ id: detectionId }] = (await listed('rule=D01')) as [ShownDetection];
        const target = `subject:${await prod.subjectOf(handleId)}`;
        await orderedBy(prod, detectionId, { rule: 'D10', action: 'rate_limit', target });
        const exchanged = async (who: string): Promise<string> =>
          prod.exchange(await token(who)).then(
            () => 'permitted',
            (error: unknown) => `refused ${String((error as { status?: number }).status)}`,
          );
        const answers = new Set<string>();
        await until(
          'its exchanges are used up',
          async () => answers.add(await exchanged('settler')).size > 1,
          PATIENCE_MS,
        );
        expect([...answers]).toEqual(['permitted', 'refused 429']);
        expect(await exchanged('clerk')).toBe('permitted');
        const [{ id }] = (await restrictions()) as [{ id: string }];
        const lifted = await fetch(
          `${prod.of('control').adminOrigin}/admin/v1/restrictions/${id}`,
          {
            method: 'DELETE',
            headers: { authorization: `Bearer ${operator}` },
          },
        );
        expect(lifted.status).toBe(200);
        await until('it is lifted', async () => (await exchanged('settler')) === 'permitted');
      }, 60_000);

      it('names evidence that exists, and no handle or token', async () => {
        for (const rule of ['D01', 'D03', 'D06', 'D09']) {
          const [found] = await listed(`rule=${rule}`);
          const rows = await prod.database.database.query(
            `select 1 from public.outbox where payload->>'id' = any($1)`,
            [found!.evidence_event_ids],
          );
          expect(rows).toHaveLength(found!.evidence_event_ids.length);
        }
        for (const { bytes } of heard.records) expect(bytes).not.toMatch(/pst_|eyJ/);
      });

      it('closes what was judged, once', async () => {
        const [found] = await listed('rule=D01');
        const closing = { resolution: 'benign', note: 'a retry' };
        const answer = await ask(`detections/${found!.id}/close`, closing);
        expect([answer.status, await answer.json()]).toMatchObject([
          200,
          { closed: { resolution: 'benign' } },
        ]);
        await ask(`detections/${found!.id}/close`, { resolution: 'confirmed' });
        expect((await shown(found!.id)).closed?.resolution).toBe('benign');
        expect(await listed('rule=D01&status=open')).toEqual([]);
      });

      it('goes on behind records that nobody can read, which lie with the dead letters', async () => {
        const producer = new kafkajs.Kafka({ brokers: [kafka.brokers] }).producer({
          createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
        });
        await producer.connect();
        const messages = POISONS.map(([, record]) => ({ ...record('poison'), partition: 0 }));
        for (const topic of [TOPICS.call, TOPICS.exchange, TOPICS.handle]) {
          await producer.send({ topic, messages });
        }
        await producer.disconnect();
        const before = (await listed('rule=D01')).length;
        await replayed();
        await raised('D01', before + 1);
        expect(prod.of('sentinel').process.output).toContain('became a dead letter');
      }, 90_000);

      it('carries out each order once, whoever is killed in between', async () => {
        const handles: string[] = [];
        for (let round = 0; round < 3; round += 1) {
          const { handle, handleId } = await prod.exchange(await token('settler'));
          handles.push(handleId);
          const [{ id }] = (await listed('rule=D01')) as [ShownDetection];
          await orderedBy(prod, id, {
            rule: 'D06',
            action: 'revoke_handle',
            target: `handle:${handleId}`,
          });
          await prod.of('control').process.kill();
          await prod.of('sentinel').process.kill();
          await Promise.all([
            prod.of('control').process.start(),
            prod.of('sentinel').process.start(),
          ]);
          await until(
            'it is revoked',
            async () => (await prod.statusOf(handleId)) === 'revoked',
            PATIENCE_MS,
          );
          expect(await prod.call(handle)).toBe(401);
        }
        await until(
          'all are told',
          async () => {
            const told = await executed();
            return handles.every((id) => told.has(`handle:${id}`));
          },
          PATIENCE_MS,
        );
        const told = await executed();
        for (const id of handles) {
          expect([id, told.get(`handle:${id}`), await revocations(id)]).toEqual([id, 1, 1]);
        }
      }, 180_000);
    });
  });
});

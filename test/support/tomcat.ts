import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './free-port.js';
import { until } from './until.js';

const HOME = '/usr/share/tomcat10';
const EXAMPLES = '/usr/share/tomcat10-examples/examples';

export interface TomcatOptions {
  readonly username: string;
  readonly password: string;
}

/** Suites start a Tomcat of their own; this only tells them that they can. */
export function findTomcat(): Record<string, string> {
  const found = existsSync(join(HOME, 'bin/bootstrap.jar')) && existsSync(EXAMPLES);
  process.stderr.write(
    found
      ? `tomcat: ${HOME}\n`
      : 'tomcat: none (apt-get install tomcat10-examples default-jre-headless)\n',
  );
  return found ? { POSTERN_TEST_TOMCAT: HOME } : {};
}

/**
 * Debian's Tomcat 10 with its example application, whose `/examples/jsp/security/protected/index.jsp` is behind a login
 * form of the servlet container, and shows user, session id and what was kept in the session.
 */
export class Tomcat {
  private constructor(
    readonly origin: string,
    private readonly child: ChildProcess,
  ) {}

  static async start(options: TomcatOptions): Promise<Tomcat> {
    const folder = mkdtempSync(join(tmpdir(), 'postern-test-tomcat-'));
    for (const name of ['conf', 'logs', 'temp', 'webapps', 'work']) mkdirSync(join(folder, name));
    const port = await freePort();
    writeFileSync(join(folder, 'conf/server.xml'), server(port));
    writeFileSync(join(folder, 'conf/tomcat-users.xml'), users(options));
    writeFileSync(join(folder, 'conf/web.xml'), SERVLETS);
    const jars = ['bootstrap.jar', 'tomcat-juli.jar'].map((name) => join(HOME, 'bin', name));
    const child = spawn(
      'java',
      [
        ...['-Xmx128m', '-XX:TieredStopAtLevel=1', `-Djava.io.tmpdir=${folder}/temp`],
        ...[`-Dcatalina.home=${HOME}`, `-Dcatalina.base=${folder}`, '-cp', jars.join(':')],
        ...['org.apache.catalina.startup.Bootstrap', 'start'],
      ],
      { stdio: 'ignore' },
    );
    const origin = `http://127.0.0.1:${port}`;
    await until(
      'Tomcat answers',
      () =>
        fetch(`${origin}/examples/jsp/security/protected/index.jsp`).then(
          ({ status }) => status === 200,
          () => false,
        ),
      60_000,
    );
    return new Tomcat(origin, child);
  }

  async stop(): Promise<void> {
    if (this.child.exitCode !== null) return;
    this.child.kill('SIGKILL');
    await once(this.child, 'exit');
  }
}

const escaped = (text: string): string =>
  text.replace(/[&"<]/g, (one) => `&#${one.charCodeAt(0)};`);

const users = ({ username, password }: TomcatOptions): string => `<?xml version="1.0"?>
<tomcat-users>
  <role rolename="tomcat"/>
  <user username="${escaped(username)}" password="${escaped(password)}" roles="tomcat"/>
</tomcat-users>
`;

const server = (port: number): string => `<?xml version="1.0"?>
<Server port="-1">
  <Service name="Catalina">
    <Connector address="127.0.0.1" port="${port}" protocol="HTTP/1.1"/>
    <Engine name="Catalina" defaultHost="localhost">
      <Realm className="org.apache.catalina.realm.MemoryRealm"/>
      <Host name="localhost" appBase="webapps" autoDeploy="false" deployOnStartup="false">
        <Context path="/examples" docBase="${EXAMPLES}">
          <JarScanner scanClassPath="false"/>
        </Context>
      </Host>
    </Engine>
  </Service>
</Server>
`;

const SERVLETS = `<?xml version="1.0"?>
<web-app xmlns="https://jakarta.ee/xml/ns/jakartaee" version="6.0">
  <servlet><servlet-name>default</servlet-name><servlet-class>org.apache.catalina.servlets.DefaultServlet</servlet-class></servlet>
  <servlet><servlet-name>jsp</servlet-name><servlet-class>org.apache.jasper.servlet.JspServlet</servlet-class></servlet>
  <servlet-mapping><servlet-name>default</servlet-name><url-pattern>/</url-pattern></servlet-mapping>
  <servlet-mapping><servlet-name>jsp</servlet-name><url-pattern>*.jsp</url-pattern></servlet-mapping>
</web-app>
`;

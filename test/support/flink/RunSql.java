import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.table.api.EnvironmentSettings;
import org.apache.flink.table.api.StatementSet;
import org.apache.flink.table.api.TableEnvironment;
import org.apache.flink.table.api.TableResult;

/**
 * Runs the statements of SQL files in a Flink of its own: {@code java RunSql.java FILE...}.
 * All INSERTs are one job, which begins when the files were read. Prints `running`, and `ended` where the sources end.
 */
public final class RunSql {
  private static final Pattern SET = Pattern.compile("(?is)set\\s+'([^']+)'\\s*=\\s*'([^']*)'");

  public static void main(String[] args) throws Exception {
    TableEnvironment flink = environment();
    StatementSet inserts = flink.createStatementSet();
    for (String file : args) {
      for (String statement : statements(Path.of(file))) {
        run(flink, inserts, statement);
      }
    }
    TableResult job = inserts.execute();
    System.out.println("running");
    job.await();
    System.out.println("ended");
    System.exit(0);
  }

  private static TableEnvironment environment() {
    Configuration settings = new Configuration();
    settings.setString("parallelism.default", "1");
    settings.setString("restart-strategy.type", "none"); // A fault is told, and not tried again.
    settings.setString("taskmanager.memory.network.min", "512m");
    settings.setString("taskmanager.memory.network.max", "512m");
    settings.setString("taskmanager.memory.managed.size", "512m");
    settings.setString("taskmanager.numberOfTaskSlots", "1");
    return TableEnvironment.create(
        EnvironmentSettings.newInstance().withConfiguration(settings).inStreamingMode().build());
  }

  private static void run(TableEnvironment flink, StatementSet inserts, String statement) {
    Matcher setting = SET.matcher(statement);
    if (setting.matches()) {
      flink.getConfig().set(setting.group(1), setting.group(2));
    } else if (statement.toLowerCase().startsWith("insert")) {
      inserts.addInsertSql(statement);
    } else {
      flink.executeSql(statement);
    }
  }

  /** As the SQL client splits them: a statement ends with a semicolon at the end of its line. */
  private static List<String> statements(Path file) throws Exception {
    List<String> found = new ArrayList<>();
    StringBuilder open = new StringBuilder();
    for (String line : Files.readAllLines(file)) {
      if (line.stripLeading().startsWith("--")) continue;
      open.append(line).append('\n');
      if (!line.stripTrailing().endsWith(";")) continue;
      String statement = open.toString().strip();
      found.add(statement.substring(0, statement.length() - 1));
      open.setLength(0);
    }
    if (!open.toString().isBlank()) throw new IllegalArgumentException(file + " ends within a statement");
    return found;
  }
}

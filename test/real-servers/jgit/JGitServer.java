import java.io.File;
import java.io.IOException;
import java.io.PrintStream;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import org.eclipse.jetty.ee10.servlet.ServletContextHandler;
import org.eclipse.jetty.ee10.servlet.ServletHolder;
import org.eclipse.jetty.server.CustomRequestLog;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jgit.errors.RepositoryNotFoundException;
import org.eclipse.jgit.http.server.GitServlet;
import org.eclipse.jgit.lib.Repository;
import org.eclipse.jgit.lib.RepositoryCache.FileKey;
import org.eclipse.jgit.lib.StoredConfig;
import org.eclipse.jgit.transport.UploadPack;
import org.eclipse.jgit.util.FS;

/**
 * JGit's HTTP server, Gerrit's engine, on loopback: {@code java -cp 'lib/*' JGitServer.java REPOSITORIES PORT ACCESS_LOG}.
 *
 * <p>Serves until it is killed. ACCESS_LOG gets a line for each request. URL: BASE/SETTINGS/REPOSITORY.git, where SETTINGS are
 * the names of git settings that are on for this request, joined by "+": filter, objectinfo, anysha1; or "plain" for
 * none of them. They are set in memory only: the repository's own configuration is not written.
 */
public class JGitServer {
  private static final Map<String, String[]> SETTINGS = new TreeMap<>(Map.of(
      "filter", new String[] {"uploadpack", "allowFilter"},
      "objectinfo", new String[] {"uploadpack", "advertiseObjectInfo"},  // git has it in "transfer"
      "anysha1", new String[] {"uploadpack", "allowAnySHA1InWant"}));

  public static void main(String[] arguments) throws Exception {
    File root = new File(arguments[0]);
    GitServlet git = new GitServlet();
    git.setRepositoryResolver((request, name) -> {
      int slash = name.indexOf('/');
      File folder = new File(root, name.substring(slash + 1));
      if (slash < 0 || !FileKey.isGitRepository(folder, FS.DETECTED)) {
        throw new RepositoryNotFoundException(name);
      }
      Repository repository;
      try {
        repository = FileKey.exact(folder, FS.DETECTED).open(true);
      } catch (IOException error) {
        throw new RepositoryNotFoundException(name, error);
      }
      StoredConfig config = repository.getConfig();
      String on = "+" + name.substring(0, slash) + "+";
      for (Map.Entry<String, String[]> each : SETTINGS.entrySet()) {
        String[] key = each.getValue();
        config.setBoolean(key[0], null, key[1], on.contains("+" + each.getKey() + "+"));
      }
      return repository;
    });
    git.setUploadPackFactory((request, repository) -> {
      UploadPack upload = new UploadPack(repository);
      String protocol = request.getHeader("Git-Protocol");
      if (protocol != null) {
        upload.setExtraParameters(Arrays.asList(protocol.split(":")));
      }
      return upload;
    });
    git.setReceivePackFactory(null);

    Server server = new Server();
    ServerConnector connector = new ServerConnector(server);
    connector.setHost("127.0.0.1");
    connector.setPort(Integer.parseInt(arguments[1]));
    server.addConnector(connector);
    ServletContextHandler context = new ServletContextHandler();
    context.addServlet(new ServletHolder(git), "/*");
    server.setHandler(context);
    PrintStream log = new PrintStream(arguments[2]);
    server.setRequestLog(new CustomRequestLog(log::println, "%r %s"));
    server.start();
    server.join();
  }
}

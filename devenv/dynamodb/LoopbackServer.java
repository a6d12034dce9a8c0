import java.net.InetAddress;
import java.net.InetSocketAddress;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.handler.ContextHandler;
import software.amazon.dynamodb.services.local.server.LocalDynamoDBRequestHandler;
import software.amazon.dynamodb.services.local.server.LocalDynamoDBServerHandler;

/**
 * DynamoDB Local on 127.0.0.1 only, in memory: its own main class listens on every interface and cannot be told
 * otherwise. It also reports usage to the vendor unless told not to, which nothing here starts.
 *
 * <p>Usage: LoopbackServer PORT
 */
public final class LoopbackServer {
  public static void main(String[] args) throws Exception {
    int port = Integer.parseInt(args[0]);
    boolean inMemory = true;
    // One database for all credentials and regions, as the demo's shell and the operator expect to see the same table.
    boolean sharedDatabase = true;
    boolean delayTransientStatuses = false;
    Server server = new Server(new InetSocketAddress(InetAddress.getByName("127.0.0.1"), port));
    LocalDynamoDBRequestHandler requests =
        new LocalDynamoDBRequestHandler(0, inMemory, null, sharedDatabase, delayTransientStatuses);
    server.setHandler(new ContextHandler(new LocalDynamoDBServerHandler(requests, "*"), "/"));
    server.start();
    System.out.println("DynamoDB Local on http://127.0.0.1:" + port);
    server.join();
  }
}

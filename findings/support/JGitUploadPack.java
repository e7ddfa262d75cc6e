import java.io.ByteArrayInputStream;
import java.io.File;
import java.util.List;
import org.eclipse.jgit.lib.Repository;
import org.eclipse.jgit.storage.file.FileRepositoryBuilder;
import org.eclipse.jgit.transport.PacketLineOut;
import org.eclipse.jgit.transport.RefAdvertiser;
import org.eclipse.jgit.transport.UploadPack;

/** JGit as {@code git upload-pack}, protocol version 2: one request on stdin, or with --advertise what it offers. */
public class JGitUploadPack {
  public static void main(String[] arguments) throws Exception {
    boolean advertise = arguments[0].equals("--advertise");
    try (Repository repository = new FileRepositoryBuilder().setGitDir(new File(arguments[arguments.length - 1])).build()) {
      UploadPack upload = new UploadPack(repository);
      upload.setExtraParameters(List.of("version=2"));
      upload.setBiDirectionalPipe(false);
      if (advertise) {
        PacketLineOut out = new PacketLineOut(System.out);
        upload.sendAdvertisedRefs(new RefAdvertiser.PacketLineOutRefAdvertiser(out));
      } else {
        // A pipe cannot be skipped in, which JGit does.
        upload.upload(new ByteArrayInputStream(System.in.readAllBytes()), System.out, System.err);
      }
    }
    System.out.flush();
  }
}

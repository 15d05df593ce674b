import java.io.*;
import java.nio.charset.StandardCharsets;
import java.util.Properties;
import org.codehaus.plexus.classworlds.launcher.Launcher;

/** Runs a Maven again and again, as its script does once: a line of arguments in, what it says and its code out. */
class Resident {
    public static void main(String[] args) throws Exception {
        Launcher launcher = new Launcher();
        launcher.setSystemClassLoader(ClassLoader.getSystemClassLoader());
        try (InputStream conf = new FileInputStream(System.getProperty("classworlds.conf"))) {
            launcher.configure(conf);
        }
        Properties properties = (Properties) System.getProperties().clone();
        PrintStream out = System.out;
        PrintStream err = System.err;
        InputStream nothing = InputStream.nullInputStream();
        BufferedReader asked =
            new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line; (line = asked.readLine()) != null;) {
            // Each build begins as the first one does.
            System.setProperties((Properties) properties.clone());
            System.setOut(out);
            System.setErr(err);
            System.setIn(nothing);
            launcher.launch(line.split("\t"));
            out.println();
            out.println(args[0] + launcher.getExitCode());
            out.flush();
        }
    }
}

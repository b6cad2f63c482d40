/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.bindings;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.bytedeco.javacpp.Loader;
import org.zennit4j.bindings.internal.NativeWork;

/**
 * The native start-up: makes sure that the bundled LibTorch is loaded, once, and no other.
 *
 * <p>Every entry point of the library calls {@link #load()}; an application that touches LibTorch's
 * classes before it uses zennit4j should call it first. It
 *
 * <ul>
 *   <li>loads the bundled {@code libtorch_cpu} before any class of the presets is initialised,
 *       because the linker would take another LibTorch that is installed system-wide (while the
 *       cache is still empty) or named by {@code LD_LIBRARY_PATH}, and crash;
 *   <li>switches off JavaCPP's limit on the process's resident memory unless the application has
 *       set one (property {@code org.bytedeco.javacpp.maxPhysicalBytes}): tensors live outside the
 *       Java heap and would trip it;
 *   <li>moves JavaCPP's cache to a private folder under the temporary directory where the home
 *       directory cannot be written, unless {@code org.bytedeco.javacpp.cachedir} is set;
 *   <li>lets the end of the process wait for threads that are inside a pass, which stop at their
 *       next operator: at most the seconds of {@code org.zennit4j.shutdownSeconds}, 60 by default.
 * </ul>
 *
 * <p>Thread-safe; calls after the first return at once.
 */
public final class LibTorch {
  private static final System.Logger LOG = System.getLogger(LibTorch.class.getName());
  private static final String CACHE_PROPERTY = "org.bytedeco.javacpp.cachedir";

  private static volatile boolean loaded;

  private LibTorch() {}

  /**
   * Loads LibTorch.
   *
   * @throws Zennit4jException if the natives for this platform are missing or cannot be loaded
   */
  public static void load() {
    if (!loaded) {
      loadOnce();
    }
  }

  private static synchronized void loadOnce() {
    if (loaded) {
      return;
    }
    if (System.getProperty("org.bytedeco.javacpp.maxPhysicalBytes") == null
        && System.getProperty("org.bytedeco.javacpp.maxphysicalbytes") == null) {
      System.setProperty("org.bytedeco.javacpp.maxPhysicalBytes", "0");
    }
    try {
      chooseCache();
      String platform = Loader.getPlatform();
      Class<?> presets =
          Class.forName(
              "org.bytedeco.pytorch.presets.torch", false, LibTorch.class.getClassLoader());
      // Whatever is already loaded under its name is not looked up again: neither beside
      // libtorch.so, where an empty cache has nothing yet, nor on LD_LIBRARY_PATH.
      for (String library : List.of("c10", "torch_cpu")) {
        URL resource =
            Loader.findResource(
                presets, "/org/bytedeco/pytorch/" + platform + "/lib" + library + ".so");
        if (resource != null) {
          Loader.load(
              Class.forName(
                  "org.bytedeco.openblas.global.openblas_nolapack",
                  true,
                  LibTorch.class.getClassLoader()));
          Loader.loadLibrary(presets, new URL[] {resource}, library);
        }
      }
      Class.forName("org.bytedeco.pytorch.global.torch", true, LibTorch.class.getClassLoader());
    } catch (IOException | ClassNotFoundException | LinkageError e) {
      throw new Zennit4jException(failure(e, cacheFolder()), e);
    }
    Set<String> copies = mappedCopies();
    if (copies.size() > 1) {
      LOG.log(Level.WARNING, "more than one LibTorch is loaded: {0}", copies);
    }
    try {
      Runtime.getRuntime()
          .addShutdownHook(new Thread(NativeWork::awaitEnd, "zennit4j waits for LibTorch"));
    } catch (IllegalStateException e) {
      throw new CancelledException("the process is ending");
    }
    loaded = true;
  }

  private static void chooseCache() throws IOException {
    if (System.getProperty(CACHE_PROPERTY) != null
        || System.getProperty(CACHE_PROPERTY.concat("ectory")) != null) {
      return;
    }
    Path home = Path.of(System.getProperty("user.home", "."));
    Path cache = home.resolve(".javacpp");
    if (Files.isWritable(Files.isDirectory(cache) ? cache : home)) {
      return;
    }
    Path parent =
        Path.of(
            System.getProperty("java.io.tmpdir"),
            "javacpp-" + System.getProperty("user.name", "user"));
    if (!Files.isDirectory(parent)) {
      if (parent.getFileSystem().supportedFileAttributeViews().contains("posix")) {
        Files.createDirectories(
            parent,
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
      } else {
        Files.createDirectories(parent);
      }
    }
    if (!Files.getOwner(parent).getName().equals(System.getProperty("user.name"))) {
      throw new IOException(parent + " belongs to someone else; set -D" + CACHE_PROPERTY);
    }
    System.setProperty(CACHE_PROPERTY, parent.toString());
  }

  /**
   * The copies of LibTorch that this process has mapped; more than one is a defect of the
   * installation.
   */
  private static Set<String> mappedCopies() {
    Set<String> copies = new TreeSet<>();
    Path maps = Path.of("/proc/self/maps");
    if (Files.isReadable(maps)) {
      try {
        for (String line : Files.readAllLines(maps)) {
          int path = line.indexOf('/');
          if (path >= 0 && line.contains("libtorch_cpu")) {
            copies.add(line.substring(path));
          }
        }
      } catch (IOException e) {
        LOG.log(Level.DEBUG, "cannot read the process's maps", e);
      }
    }
    return copies;
  }

  private static String platformName() {
    String os = System.getProperty("os.name", "").toLowerCase(java.util.Locale.ROOT);
    String arch = System.getProperty("os.arch", "").toLowerCase(java.util.Locale.ROOT);
    String system = os.contains("win") ? "windows" : os.contains("mac") ? "macosx" : "linux";
    String machine =
        arch.equals("amd64") || arch.equals("x86_64")
            ? "x86_64"
            : arch.equals("aarch64") ? "arm64" : arch;
    return system + "-" + machine;
  }

  private static String firstLine(Throwable e) {
    String message = String.valueOf(e.getMessage());
    return message.lines().findFirst().orElse(message);
  }

  /** JavaCPP tells the same of a missing jar and of a cache from which nothing can be executed. */
  static String failure(Throwable e, String cache) {
    return "LibTorch could not be loaded for "
        + platformName()
        + ": "
        + firstLine(e)
        + "; put the artifacts javacpp, openblas and pytorch of org.bytedeco with the classifier "
        + platformName()
        + " on the class path, and see that the cache "
        + cache
        + " is writable, has 1 GB of room and is not mounted noexec (-D"
        + CACHE_PROPERTY
        + "=DIR moves it)";
  }

  /**
   * Describes the native side of this process, one fact a line: platform, versions, caches,
   * threads, mapped libraries, CUDA.
   *
   * @return lines of the form {@code name: value}
   * @throws Zennit4jException if LibTorch cannot be loaded
   */
  public static List<String> report() {
    load();
    List<String> lines = new ArrayList<>();
    lines.add("platform: " + platformName());
    lines.add(
        "java: "
            + System.getProperty("java.version")
            + " ("
            + System.getProperty("java.vendor")
            + ")");
    lines.add("libtorch: " + versionOf("org.bytedeco", "pytorch"));
    lines.add("javacpp: " + versionOf("org.bytedeco", "javacpp"));
    lines.add("cache: " + cacheFolder());
    lines.add("libraries: " + String.join(", ", mappedCopies()));
    lines.add("intra-op threads: " + org.bytedeco.pytorch.global.torch.get_num_threads());
    lines.add(
        "limit of resident memory: "
            + org.bytedeco.javacpp.Pointer.maxPhysicalBytes()
            + " (0: none)");
    List<String> devices = Devices.available();
    lines.add(
        "cuda: "
            + (devices.size() == 1
                ? "not available"
                : String.join(", ", devices.subList(1, devices.size()))));
    return lines;
  }

  private static String cacheFolder() {
    try {
      return Loader.getCacheDir().toString();
    } catch (IOException e) {
      return "none (" + e.getMessage() + ")";
    }
  }

  private static String versionOf(String group, String artifact) {
    try {
      return Loader.getVersion(group, artifact);
    } catch (IOException e) {
      return "unknown";
    }
  }
}

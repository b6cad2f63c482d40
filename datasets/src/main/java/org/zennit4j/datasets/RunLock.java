/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.datasets;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * Keeps two processes from one result: a run is alone in its folder, but for shares of one dataset.
 * The end of a process, however it comes, gives it back.
 */
final class RunLock implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(RunLock.class.getName());

  private final FileChannel channel;
  private FileLock lock;

  private RunLock(FileChannel channel) {
    this.channel = channel;
  }

  /**
   * Enters a folder.
   *
   * @param shared whether other shares may be there
   */
  static RunLock of(Path output, boolean shared) {
    Path file = output.resolve("parts").resolve("lock");
    try {
      RunLock lock =
          new RunLock(
              FileChannel.open(
                  file,
                  StandardOpenOption.CREATE,
                  StandardOpenOption.READ,
                  StandardOpenOption.WRITE));
      if (!lock.acquire(shared)) {
        lock.channel.close();
        throw new DatasetException(output + ": another run is at work in it; wait for its end");
      }
      return lock;
    } catch (IOException e) {
      throw new DatasetException("cannot write " + file + ": " + e.getMessage(), e);
    }
  }

  private boolean acquire(boolean shared) {
    try {
      lock = channel.tryLock(0, Long.MAX_VALUE, shared);
      return lock != null;
    } catch (OverlappingFileLockException e) {
      return false;
    } catch (IOException e) {
      // Some network file systems have no locks.
      LOG.log(Level.DEBUG, "no locks here", e);
      return true;
    }
  }

  /** Whether nobody else is in the folder, and nobody may enter from now on. */
  boolean alone() {
    if (lock == null || !lock.isShared()) {
      return true;
    }
    try {
      lock.release();
    } catch (IOException e) {
      LOG.log(Level.DEBUG, "cannot release a lock", e);
    }
    return acquire(false);
  }

  @Override
  public void close() {
    try {
      channel.close();
    } catch (IOException e) {
      LOG.log(Level.DEBUG, "cannot close a lock", e);
    }
  }
}

/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.testing;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.module.ModuleDescriptor;
import java.lang.reflect.Constructor;
import java.lang.reflect.Executable;
import java.lang.reflect.Field;
import java.lang.reflect.GenericArrayType;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.lang.reflect.TypeVariable;
import java.lang.reflect.WildcardType;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What a module promises to those who use it: its exported packages' public and protected types and
 * members, one a line, sorted; without members that name an internal type. Read by reflection, so
 * that every JDK lists the same.
 */
public final class ApiListing {
  /** Set (to anything) to write the committed listing instead of comparing it. */
  public static final String ACCEPT = "api.accept";

  private final List<String> lines = new ArrayList<>();

  /** The packages that users cannot name. */
  private final Set<String> hidden = new TreeSet<>();

  private ApiListing() {}

  /**
   * Lists a module.
   *
   * @param classes the folder of its classes, module-info.class among them
   * @return the lines
   */
  public static List<String> of(Path classes) {
    ApiListing listing = new ApiListing();
    try (InputStream in = Files.newInputStream(classes.resolve("module-info.class"))) {
      ModuleDescriptor module = ModuleDescriptor.read(in);
      listing.module(module);
      listing.hidden.addAll(module.packages());
      module.exports().stream()
          .filter(e -> !e.isQualified())
          .forEach(e -> listing.hidden.remove(e.source()));
      for (String name : sorted(module.exports(), e -> !e.isQualified(), e -> e.source())) {
        listing.packageOf(classes, name);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return listing.lines;
  }

  /**
   * Compares the listing of the module that is being tested with the committed one.
   *
   * @throws AssertionError if they differ; it says in what, and how to accept it
   */
  public static void check() {
    check(of(Path.of("target", "classes")));
  }

  /**
   * Compares the listing of a package with the committed one, where there can be no module.
   *
   * @param name of the package
   * @throws AssertionError if they differ; it says in what, and how to accept it
   */
  public static void check(String name) {
    ApiListing listing = new ApiListing();
    try {
      listing.packageOf(Path.of("target", "classes"), name);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    check(listing.lines);
  }

  private static void check(List<String> now) {
    Path committed = Path.of("api.txt");
    try {
      if (System.getProperty(ACCEPT) != null) {
        Files.writeString(committed, String.join("\n", now) + "\n");
      }
      List<String> before = Files.exists(committed) ? Files.readAllLines(committed) : List.of();
      if (!before.equals(now)) {
        throw new AssertionError(
            "the public API is not the one in "
                + committed.toAbsolutePath()
                + ":\n"
                + difference(before, now)
                + "\nIf that is meant, accept it, and commit api.txt:\n"
                + "  mvn test -Dtest=ApiTests -Dsurefire.failIfNoSpecifiedTests=false -D"
                + ACCEPT);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** What went and what came, each below the type that it belongs to. */
  private static String difference(List<String> before, List<String> now) {
    Set<String> old = new TreeSet<>(qualified(before));
    Set<String> fresh = new TreeSet<>(qualified(now));
    Set<String> all = new TreeSet<>(old);
    all.addAll(fresh);
    return all.stream()
        .filter(line -> old.contains(line) != fresh.contains(line))
        .map(line -> (old.contains(line) ? "  - " : "  + ") + line)
        .collect(Collectors.joining("\n"));
  }

  private static List<String> qualified(List<String> lines) {
    List<String> result = new ArrayList<>();
    String type = "";
    for (String line : lines) {
      boolean member = line.startsWith("  ");
      type = member ? type : name(line);
      result.add(member ? type + ": " + line.strip() : line);
    }
    return result;
  }

  /** The name in a line about a module or type: the first word with a dot. */
  private static String name(String line) {
    return Arrays.stream(line.split(" ", -1)).filter(w -> w.contains(".")).findFirst().orElse(line);
  }

  private void module(ModuleDescriptor module) {
    lines.add("module " + module.name());
    sorted(
            module.requires(),
            r -> r.modifiers().contains(ModuleDescriptor.Requires.Modifier.TRANSITIVE),
            r -> r.name())
        .forEach(name -> lines.add("  requires transitive " + name));
    sorted(module.exports(), e -> !e.isQualified(), e -> e.source())
        .forEach(name -> lines.add("  exports " + name));
    sorted(module.provides(), p -> true, p -> p.service() + " with " + p.providers())
        .forEach(text -> lines.add("  provides " + text));
  }

  private void packageOf(Path classes, String name) throws IOException {
    try (Stream<Path> files = Files.list(classes.resolve(name.replace('.', '/')))) {
      List<String> names =
          files
              .map(f -> f.getFileName().toString())
              .filter(f -> f.endsWith(".class") && !f.equals("package-info.class"))
              .map(f -> name + "." + f.substring(0, f.length() - ".class".length()))
              .sorted()
              .toList();
      for (String type : names) {
        Class<?> one = load(type);
        if (isApi(one)) {
          type(one);
        }
      }
    }
  }

  private static Class<?> load(String name) {
    try {
      return Class.forName(name, false, ApiListing.class.getClassLoader());
    } catch (ClassNotFoundException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Whether users can name it: it and all types around it are public or protected. */
  private static boolean isApi(Class<?> type) {
    if (type.isAnonymousClass() || type.isLocalClass() || type.isSynthetic()) {
      return false;
    }
    for (Class<?> around = type; around != null; around = around.getEnclosingClass()) {
      if (!isOpen(around.getModifiers())) {
        return false;
      }
    }
    return true;
  }

  private static boolean isOpen(int modifiers) {
    return Modifier.isPublic(modifiers) || Modifier.isProtected(modifiers);
  }

  private void type(Class<?> type) {
    String kind =
        type.isAnnotation()
            ? "annotation "
            : type.isInterface()
                ? "interface "
                : type.isEnum() ? "enum " : type.isRecord() ? "record " : "class ";
    int modifiers = type.getModifiers() & ~Modifier.STATIC & ~Modifier.INTERFACE;
    if (type.isInterface()) {
      modifiers &= ~Modifier.ABSTRACT;
    }
    if (type.isEnum()) {
      // Whether a constant has a body decides about final and abstract.
      modifiers &= ~Modifier.FINAL & ~Modifier.ABSTRACT;
    }
    StringBuilder line = new StringBuilder();
    line.append(Modifier.toString(modifiers)).append(' ');
    line.append(type.isSealed() && !type.isEnum() ? "sealed " : "").append(kind);
    line.append(type.getName()).append(variables(type.getTypeParameters()));
    Type parent = type.getGenericSuperclass();
    boolean trivial = parent == null || type.isEnum() || type.isRecord() || parent == Object.class;
    line.append(trivial ? "" : " extends " + text(parent));
    line.append(
        list(type.isInterface() ? " extends " : " implements ", type.getGenericInterfaces()));
    if (type.isSealed() && !type.isEnum()) {
      line.append(" permits ");
      line.append(
          Arrays.stream(type.getPermittedSubclasses())
              .map(c -> isApi(c) ? c.getName() : "(internal)")
              .distinct()
              .sorted()
              .collect(Collectors.joining(", ")));
    }
    lines.add(line.toString());
    Set<String> members = new TreeSet<>();
    for (Class<?> from = type; from != null; from = from.getSuperclass()) {
      // What an invisible superclass declares is this type's own for users.
      if (from == type || (!isApi(from) && from.getName().startsWith("org.zennit4j."))) {
        members(from, from == type, members);
      }
    }
    members.forEach(member -> lines.add("  " + member));
  }

  private void members(Class<?> type, boolean own, Set<String> members) {
    boolean extensible = !Modifier.isFinal(type.getModifiers());
    for (Field field : type.getDeclaredFields()) {
      if (isMember(field.getModifiers(), field.isSynthetic(), extensible)
          && isNameable(field.getType())) {
        String what = field.isEnumConstant() ? "constant " : "field ";
        members.add(
            what
                + modifiers(field.getModifiers() & Modifier.fieldModifiers())
                + text(field.getGenericType())
                + " "
                + field.getName());
      }
    }
    for (Constructor<?> constructor : type.getDeclaredConstructors()) {
      if (own
          && isMember(constructor.getModifiers(), constructor.isSynthetic(), extensible)
          && isNameable(constructor.getParameterTypes())) {
        members.add("constructor " + modifiers(constructor.getModifiers()) + call(constructor, ""));
      }
    }
    for (Method method : type.getDeclaredMethods()) {
      if (isMember(method.getModifiers(), method.isSynthetic(), extensible)
          && isNameable(method.getParameterTypes())
          && isNameable(method.getReturnType())) {
        int modifiers = method.getModifiers() & Modifier.methodModifiers();
        modifiers &= ~Modifier.SYNCHRONIZED & ~Modifier.NATIVE & ~Modifier.STRICT;
        members.add(
            "method "
                + modifiers(modifiers)
                + (method.isDefault() ? "default " : "")
                + call(method, text(method.getGenericReturnType()) + " " + method.getName()));
      }
    }
  }

  /** Whether no type is internal: what has one is for the module's own packages. */
  private boolean isNameable(Class<?>... types) {
    return Arrays.stream(types).noneMatch(type -> hidden.contains(type.getPackageName()));
  }

  private static boolean isMember(int modifiers, boolean synthetic, boolean extensible) {
    return !synthetic
        && (Modifier.isPublic(modifiers) || (extensible && Modifier.isProtected(modifiers)));
  }

  private static String modifiers(int modifiers) {
    String text = Modifier.toString(modifiers);
    return text.isEmpty() ? "" : text + " ";
  }

  private static String call(Executable executable, String name) {
    String variables = variables(executable.getTypeParameters());
    return (variables.isEmpty() ? "" : variables + " ")
        + name
        + Arrays.stream(executable.getGenericParameterTypes())
            .map(ApiListing::text)
            .collect(Collectors.joining(", ", "(", ")"))
        + (executable.isVarArgs() ? " varargs" : "")
        + list(" throws ", executable.getGenericExceptionTypes());
  }

  private static String variables(TypeVariable<?>[] variables) {
    return variables.length == 0
        ? ""
        : Arrays.stream(variables)
            .map(v -> v.getName() + bounds(" extends ", v.getBounds()))
            .collect(Collectors.joining(", ", "<", ">"));
  }

  private static String bounds(String word, Type[] bounds) {
    return bounds.length == 0 || (bounds.length == 1 && bounds[0] == Object.class)
        ? ""
        : word + Arrays.stream(bounds).map(ApiListing::text).collect(Collectors.joining(" & "));
  }

  private static String list(String word, Type[] types) {
    return types.length == 0
        ? ""
        : word + Arrays.stream(types).map(ApiListing::text).collect(Collectors.joining(", "));
  }

  /** Not {@link Type#getTypeName}, whose text is no promise of the JDK. */
  private static String text(Type type) {
    if (type instanceof Class<?> plain) {
      return plain.isArray() ? text(plain.getComponentType()) + "[]" : named(plain);
    }
    if (type instanceof ParameterizedType generic) {
      return text(generic.getRawType())
          + Arrays.stream(generic.getActualTypeArguments())
              .map(ApiListing::text)
              .collect(Collectors.joining(", ", "<", ">"));
    }
    if (type instanceof GenericArrayType array) {
      return text(array.getGenericComponentType()) + "[]";
    }
    if (type instanceof WildcardType wildcard) {
      return "?"
          + bounds(" extends ", wildcard.getUpperBounds())
          + bounds(" super ", wildcard.getLowerBounds());
    }
    return ((TypeVariable<?>) type).getName();
  }

  private static String named(Class<?> type) {
    return !type.isPrimitive() && type.getPackageName().equals("java.lang")
        ? type.getName().substring("java.lang.".length())
        : type.getName();
  }

  private static <T> List<String> sorted(Set<T> all, Predicate<T> which, Function<T, String> text) {
    return all.stream().filter(which).map(text).sorted().toList();
  }
}

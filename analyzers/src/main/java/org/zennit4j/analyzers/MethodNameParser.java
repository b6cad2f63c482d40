/*
 * Copyright 2026 The zennit4j authors
 * SPDX-License-Identifier: Apache-2.0
 */
package org.zennit4j.analyzers;

import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Reads one method name with the tables of {@link MethodGrammar}, from left to right. */
final class MethodNameParser {
  private final String name;
  private final List<String> words;
  private int at;

  private final Map<NameNumber, String> numbers = new EnumMap<>(NameNumber.class);
  private final Set<MethodModifier> modifiers = EnumSet.noneOf(MethodModifier.class);

  private MethodNameParser(String name) {
    this.name = name;
    this.words = MethodGrammar.words(name.toLowerCase(Locale.ROOT));
  }

  static MethodName parse(String name) {
    return new MethodNameParser(name).parse();
  }

  private MethodName parse() {
    MethodGrammar.NOT_PROVIDED
        .match(words, 0)
        .ifPresent(
            match -> {
              throw problem(match.value());
            });
    MethodGrammar.Match<MethodGrammar.Head> found =
        MethodGrammar.HEADS
            .match(words, 0)
            .orElseThrow(() -> problem(name.isEmpty() ? "no name" : "unknown name"));
    MethodGrammar.Head head = found.value();
    at = found.end();
    numbers.putAll(head.numbers());
    modifiers.addAll(head.modifiers());

    CoreRule core = head.core();
    if (head.form().anyOrder()) {
      readAnyOrder(head.form().slots());
    } else {
      for (MethodGrammar.Slot slot : head.form().slots()) {
        readSlot(slot);
        if (slot.number() == NameNumber.EPSILON && numbers.containsKey(NameNumber.EPSILON)) {
          core = readStdX(core);
        }
      }
    }
    if (core == CoreRule.STDX_EPSILON) {
      numbers.putIfAbsent(NameNumber.STD_FACTOR, "0_25");
    }
    readModifiers();
    MethodSuffix suffix = readSuffix(head).orElse(null);
    if (at < words.size()) {
      String order = suffix == null ? "" : " (the suffix comes last)";
      throw problem(Texts.quote(rest()) + " is left over" + order);
    }
    MethodName result =
        new MethodName(head.base(), head.inputRule(), core, numbers, modifiers, suffix);
    checkNumbers(result);
    return result;
  }

  private void readAnyOrder(List<MethodGrammar.Slot> slots) {
    boolean more = true;
    while (more) {
      more = false;
      for (MethodGrammar.Slot slot : slots) {
        boolean known = numbers.containsKey(slot.number());
        int before = at;
        readSlot(slot);
        if (known && at > before) {
          throw problem(slot.number().option().key() + " is given twice");
        }
        more |= at > before;
      }
    }
  }

  /** Reads the slot if the words continue with it. */
  private void readSlot(MethodGrammar.Slot slot) {
    for (String label : slot.labels()) {
      List<String> phrase = MethodGrammar.words(label);
      if (!continuesWith(phrase)) {
        continue;
      }
      boolean negative =
          slot.shape() == MethodGrammar.Shape.SIGNED && word(phrase.size()).equals("neg");
      boolean started = !phrase.isEmpty() || negative || startsWithDigit(word(phrase.size()));
      if (!started) {
        continue;
      }
      at += phrase.size() + (negative ? 1 : 0);
      numbers.put(slot.number(), readNumber(slot, negative));
      return;
    }
    if (slot.required()) {
      throw problem("the number of " + slot.number().option().key() + " is missing" + beforeRest());
    }
  }

  private String readNumber(MethodGrammar.Slot slot, boolean negative) {
    String integer = word(0);
    if (!isDigits(integer)) {
      throw problem(
          startsWithDigit(integer)
              ? Texts.quote(integer) + " is no number (0.25 is written 0_25)"
              : "the number of " + slot.number().option().key() + " is missing" + beforeRest());
    }
    at++;
    String fraction = "";
    if (slot.shape() != MethodGrammar.Shape.INTEGER && isDigits(word(0))) {
      fraction = word(0);
      at++;
    }
    return MethodName.canonicalNumber(integer, fraction, negative);
  }

  private CoreRule readStdX(CoreRule core) {
    if (!continuesWith(MethodGrammar.STD_X)) {
      return core;
    }
    at += MethodGrammar.STD_X.size();
    numbers.put(NameNumber.STD_FACTOR, numbers.remove(NameNumber.EPSILON));
    return CoreRule.STDX_EPSILON;
  }

  private void readModifiers() {
    Optional<MethodGrammar.Match<MethodModifier>> match = MethodGrammar.MODIFIERS.match(words, at);
    while (match.isPresent()) {
      MethodModifier modifier = match.get().value();
      boolean twice = modifiers.stream().anyMatch(other -> other.isSign() == modifier.isSign());
      if (twice) {
        throw problem(
            (modifier.isSign() ? MethodModifier.SIGN : modifier).text() + " is given twice");
      }
      modifiers.add(modifier);
      at = match.get().end();
      if (modifier == MethodModifier.SIGN_MU) {
        readSlot(MethodGrammar.SIGN_MU);
      }
      match = MethodGrammar.MODIFIERS.match(words, at);
    }
  }

  private Optional<MethodSuffix> readSuffix(MethodGrammar.Head head) {
    Optional<MethodGrammar.Match<MethodSuffix>> match = MethodGrammar.SUFFIXES.match(words, at);
    if (match.isEmpty()) {
      return Optional.empty();
    }
    MethodSuffix suffix = match.get().value();
    if (!suffix.appliesTo(head.base(), head.inputRule())) {
      throw problem(
          "the suffix _" + suffix.text() + " means nothing after " + Texts.quote(upTo(at)));
    }
    at = match.get().end();
    return Optional.of(suffix);
  }

  /** The numbers must be in range by themselves, whatever options come later. */
  private void checkNumbers(MethodName result) {
    for (NameNumber number : numbers.keySet()) {
      String problem = number.option().problemOf(result.number(number).orElseThrow());
      if (problem != null) {
        throw problem(number.option().key() + " " + problem);
      }
    }
    if (numbers.containsKey(NameNumber.ALPHA)) {
      double alpha = result.value(NameNumber.ALPHA).orElseThrow();
      double beta = result.value(NameNumber.BETA).orElseThrow();
      if (!MethodRules.isAlphaBeta(alpha, beta)) {
        throw problem("alpha - beta must be 1");
      }
    }
  }

  private MethodNameException problem(String problem) {
    return new MethodNameException(name, problem);
  }

  private String word(int ahead) {
    return at + ahead < words.size() ? words.get(at + ahead) : "";
  }

  private boolean continuesWith(List<String> phrase) {
    return at + phrase.size() <= words.size()
        && words.subList(at, at + phrase.size()).equals(phrase);
  }

  private String upTo(int end) {
    return String.join("_", words.subList(0, end));
  }

  private String rest() {
    return "_" + String.join("_", words.subList(at, words.size()));
  }

  private String beforeRest() {
    return at < words.size() ? " before " + Texts.quote(rest()) : "";
  }

  private static boolean startsWithDigit(String word) {
    return !word.isEmpty() && isDigit(word.charAt(0));
  }

  private static boolean isDigits(String word) {
    return !word.isEmpty() && word.chars().allMatch(MethodNameParser::isDigit);
  }

  private static boolean isDigit(int character) {
    return character >= '0' && character <= '9';
  }
}

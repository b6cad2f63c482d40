@echo off
rem Copyright 2026 The zennit4j authors
rem SPDX-License-Identifier: Apache-2.0
rem Starts zennit4j's command line. JAVA_HOME chooses the Java, ZENNIT4J_JAVA_OPTS adds options for it.
setlocal
set "ROOT=%~dp0.."
set "JAVA=java"
if defined JAVA_HOME set "JAVA=%JAVA_HOME%\bin\java"
if not defined OMP_WAIT_POLICY set "OMP_WAIT_POLICY=passive"
"%JAVA%" "-Dzennit4j.home=%ROOT%" -Djava.awt.headless=true -Dorg.bytedeco.javacpp.maxPhysicalBytes=0 -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -XX:NewSize=48m -XX:MaxNewSize=48m %ZENNIT4J_JAVA_OPTS% -cp "%ROOT%\lib\*" org.zennit4j.cli.Main %*
exit /b %ERRORLEVEL%

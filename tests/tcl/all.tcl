# Runs the .test files of this folder and prints the totals; exits with 1 when a test failed.
#
#   WICK_PACKAGE_DIR=build/tclext tclsh all.tcl ?-file NAME.test? ?-match PATTERN? ?any other option of tcltest?
#
# WICK_PACKAGE_DIR is the folder that holds the package's pkgIndex.tcl; without it, auto_path has to lead there.
# memory.test takes longer than all others and is run only when named.

package require tcltest 2.5
tcltest::configure -testdir [file dirname [file normalize [info script]]] -singleproc 1 -notfile memory.test {*}$argv
if {"memory.test" in [tcltest::configure -file]} {tcltest::configure -notfile {}}
exit [tcltest::runAllTests]

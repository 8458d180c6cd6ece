# What the fuzzers share: their arguments ?COUNT? ?SEED? ?-v?, the package, and drawing. The count is empty when it is not given.

lassign $argv count seed verbose
if {$seed eq ""} {set seed 1}
if {[info exists env(WICK_PACKAGE_DIR)]} {set auto_path [linsert $auto_path 0 [file normalize $env(WICK_PACKAGE_DIR)]]}
package require torch
expr {srand($seed)}

proc pick {list} {lindex $list [expr {int(rand() * [llength $list])}]}
proc chance {p} {expr {rand() < $p}}

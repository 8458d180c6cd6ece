# Benchmarks of the Tcl commands: tclsh commands.tcl BUILD_FOLDER
#
# Each line gives the median time of a call, the floor measured in the same run, and their ratio. The floor of a call on
# small tensors is a C command that does nothing but return a new string; that of a large one a memcpy of the same bytes.
lappend auto_path [file join [lindex $argv 0] tclext]
load [file join [lindex $argv 0] tests bench libwickfloor.so] Wickfloor
namespace eval ::floor {}

proc median {list} {lindex [lsort -real $list] [expr {[llength $list] / 2}]}

# Microseconds of one run of the body, net of the loop around it: median of 11 batches.
proc micros {count body} {
    proc measured {} [format {
        global x y
        set begin [clock microseconds]
        for {set i 0} {$i < %d} {incr i} {%s}
        return [expr {[clock microseconds] - $begin}]
    } $count $body]
    measured
    set times {}
    for {set batch 0} {$batch < 11} {incr batch} {lappend times [expr {double([measured]) / $count}]}
    median $times
}

proc line {what time floor} {puts [format "%-58s %12.3f us  floor %10.3f us  ratio %7.2f" $what $time $floor [expr {double($time) / $floor}]]}

# Loading, against a package that does nothing.
proc loading {} {
    set folder [file join [pwd] wick_bench_[pid]]
    file mkdir $folder
    set index [open [file join $folder pkgIndex.tcl] w]
    puts $index {package ifneeded nothing 1.0 {package provide nothing 1.0}}
    close $index
    set script [format {
        lappend auto_path %s %s
        puts [lindex [time {package require [lindex $argv 0]}] 0]
    } [list $::auto_path_of_build] [list $folder]]
    set times {torch {} nothing {}}
    for {set i 0} {$i < 21} {incr i} {
        dict for {package list} $times {
            set channel [open [format {|%s << %s} [info nameofexecutable] [list "set argv $package;$script"]]]
            dict lappend times $package [gets $channel]
            close $channel
        }
    }
    file delete -force $folder
    line "package require torch (floor: an empty package)" [median [dict get $times torch]] [median [dict get $times nothing]]
}
set auto_path_of_build [file normalize [file join [lindex $argv 0] tclext]]
loading

package require torch
set x [torch::ones {2 3}]
set y [torch::ones {2 3}]
set loop [micros 200000 {}]
set nothing [expr {[micros 200000 {floor::nothing $x $y}] - $loop}]
foreach {what body} {
    "tensor_add of two {2 3}, by position" {torch::tensor_add $x $y}
    "tensor_add of two {2 3}, by name"     {torch::tensor_add -input1 $x -input2 $y}
    "tensor_shape"                         {torch::tensor_shape $x}
    "distributed_gather of {2 3}"          {torch::distributed_gather $x}
} {
    line $what [expr {[micros 100000 $body] - $loop}] $nothing
}

foreach count {1000000 16000000} repeats {200 20} {
    set x [torch::rand [list $count]]
    line "distributed_gather of $count float32" [micros $repeats {torch::distributed_gather $x}] [floor::memcpy [expr {4 * $count}] 101]
}
set x [torch::tensor_permute [torch::rand {1000 1000}] {1 0}]
line "distributed_gather of a transposed 1000 x 1000" [micros 200 {torch::distributed_gather $x}] [floor::memcpy 4000000 101]

set x [torch::rand {1000000}]
set y [torch::rand {1000000}]
foreach {what body bytes} {
    "tensor_add of 1000000 float32"     {torch::tensor_add $x $y}   12000000
    "tensor_sum of 1000000 float32"     {torch::tensor_sum $x}      4000000
    "tensor_exp of 1000000 float32"     {torch::tensor_exp $x}      8000000
    "tensor_tanh of 1000000 float32"    {torch::tensor_tanh $x}     8000000
    "tensor_sigmoid of 1000000 float32" {torch::tensor_sigmoid $x}  8000000
} {
    # A copy of n bytes moves 2 n.
    line $what [micros 200 $body] [floor::memcpy [expr {$bytes / 2}] 101]
}

# Lists of 100,000 numbers, against making such a list.
set doubles {}
set integers {}
for {set i 0} {$i < 100000} {incr i} {
    lappend doubles [expr {$i * 0.1}]
    lappend integers $i
}
set rows {}
for {set i 0} {$i < 300} {incr i} {lappend rows [lrange $doubles [expr {300 * $i}] [expr {300 * $i + 299}]]}
set x [torch::rand 100000]
set list [micros 100 {floor::list 100000}]
foreach {what body} {
    "tensor_create of 100000 doubles"     {torch::tensor_create $::doubles}
    "tensor_create of 100000 integers"    {torch::tensor_create $::integers int64}
    "tensor_create of 300 rows of 300"    {torch::tensor_create $::rows}
    "tensor_to_list of 100000"            {torch::tensor_to_list $x}
} {
    line $what [micros 100 $body] $list
}

#!/usr/bin/env tclsh
# Learns to write like the reference pages, character by character, with a recurrent network of gated units.
#
#     tclsh char_gru.tcl ?SEED? ?STEPS? ?FILE...?
#
# The text is cut into rows that are read side by side. Backpropagation is truncated: each step reads 32 characters of every
# row and begins with the states that the step before has left, whose history it forgets. It prints the loss, in nats a
# character, as a curve, and what the network writes; it fails if the loss does not fall below 2.2 with 300 steps or more.
package require torch
source [file join [file dirname [info script]] loss_curve.tcl]

proc readText {paths} {
    set text ""
    foreach path $paths {
        set channel [open $path]
        fconfigure $channel -encoding utf-8
        append text [read $channel]
        close $channel
    }
    return $text
}

# What the network says about the characters that follow, and the states behind the last one.
proc run {net indices states} {
    dict with net {
        set given [expr {$states eq "" ? {} : [list -state $states]}]
        set hidden [torch::layer_forward -layer $gru -input [torch::layer_forward $embedding $indices] {*}$given -stateVariable states]
        list [torch::layer_forward $out $hidden] $states
    }
}

# `count` characters, each drawn with the probability that the network gives it, after `start`.
proc writeText {net symbols start count {temperature 0.6}} {
    set states ""
    set next [torch::tensor_create -data [lmap symbol [split $start ""] {lsearch -exact $symbols $symbol}] -dtype int64]
    set text $start
    for {set i 0} {$i < $count} {incr i} {
        lassign [run $net [torch::tensor_reshape $next {-1 1}] $states] scores states
        set last [torch::tensor_reshape [lindex [torch::unbind $scores] end] -1]
        set chances [torch::tensor_exp [torch::logsoftmax [torch::tensor_div $last -other $temperature] 0]]
        set next [torch::multinomial $chances 1]
        append text [lindex $symbols [torch::tensor_to_list $next]]
    }
    return $text
}

proc main {seed steps paths} {
    set rows 32
    set length 32
    torch::manual_seed $seed
    set text [readText $paths]
    set symbols [lsort -unique [split $text ""]]
    set last -1
    foreach symbol $symbols {dict set number $symbol [incr last]}
    set columns [expr {[string length $text] / $rows}]
    if {$columns <= $length} {error "a text of at least [expr {$rows * ($length + 1)}] characters is wanted"}
    puts "[string length $text] characters, [llength $symbols] different ones"
    set data [torch::tensor_create -data [lmap symbol [split [string range $text 0 [expr {$rows * $columns - 1}]] ""] {
        dict get $number $symbol
    }] -dtype int64]
    # Time comes first: (columns, rows).
    set data [torch::tensor_permute [torch::tensor_reshape $data [list $rows $columns]] {1 0}]

    set width 96
    set net [dict create embedding [torch::embedding [llength $symbols] 32] gru [torch::gru 32 $width] \
        out [torch::linear $width [llength $symbols]]]
    set model [torch::module $net]
    set optimizer [torch::optimizer_adam $model 0.006]
    set states ""
    set at 0
    for {set step 0} {$step < $steps} {incr step} {
        if {$at + $length >= $columns} {
            set at 0
            set states ""
        }
        set inputs [torch::tensor_slice $data 0 $at [expr {$at + $length}]]
        set targets [torch::tensor_slice $data 0 [expr {$at + 1}] [expr {$at + $length + 1}]]
        incr at $length
        # Here the history ends.
        set states [lmap state $states {torch::detach $state}]
        torch::optimizer_zero_grad $optimizer
        lassign [run $net $inputs $states] scores states
        set loss [torch::cross_entropy_loss [torch::tensor_reshape $scores [list -1 [llength $symbols]]] [torch::tensor_reshape $targets -1]]
        torch::tensor_backward $loss
        torch::clip_grad_norm $model 1.0
        torch::optimizer_step $optimizer
        lappend losses [torch::tensor_item $loss]
    }
    # Means of ten steps.
    set means {}
    for {set i 0} {$i < $steps} {incr i 10} {
        set part [lrange $losses $i [expr {$i + 9}]]
        lappend means [expr {[tcl::mathop::+ {*}$part] / [llength $part]}]
    }
    lossCurve $means 8 60 "times ten steps"
    puts [format "the loss fell from %.2f to %.2f\n" [lindex $means 0] [lindex $means end]]
    puts [torch::no_grad -script {writeText $net $symbols [string range $text 0 8] 300}]
    return [expr {$steps >= 300 && [lindex $means end] >= 2.2}]
}

set paths [lassign $argv seed steps]
if {$paths eq ""} {
    set paths [lmap name {math layers tensor} {file join [file dirname [info script]] .. reference $name.md}]
}
exit [main [expr {$seed eq "" ? 0 : $seed}] [expr {$steps eq "" ? 600 : $steps}] $paths]

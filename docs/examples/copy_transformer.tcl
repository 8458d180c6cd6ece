#!/usr/bin/env tclsh
# A small transformer that learns to reverse rows of digits.
#
#     tclsh copy_transformer.tcl ?SEED? ?STEPS? ?PICTURE?
#
# It prints the share of digits of fresh rows that it puts in their place, and fails below 99 %. Then it shows what each
# place of the result attends to, as a picture of characters, for the head whose attention is the sharpest;
# PICTURE is a file for the same in the PGM format.
package require torch

set length 8
set width 32
set heads 2

# Rows of digits, (count, length).
proc digits {count} {torch::randint_like [torch::zeros [list $count $::length]] 10}

# Digits (N, length) to scores (N, length, 10).
proc run {net x} {
    dict with net {
        set seen [torch::tensor_add [torch::layer_forward $embedding $x] $positions]
        torch::layer_forward $out [torch::layer_forward $encoder $seen]
    }
}

# The weights of attention (heads, length, length) in the only layer of the encoder for one row of digits:
# softmax(Q K^T / sqrt(width / heads)), with Q and K by the layer's own matrices.
proc attention {net x} {
    global width heads length
    set state [torch::state_dict [dict get $net encoder]]
    set seen [torch::tensor_add [torch::layer_forward [dict get $net embedding] $x] [dict get $net positions]]
    set weight [dict get $state layers.0.self_attn.in_proj_weight]
    set bias [dict get $state layers.0.self_attn.in_proj_bias]
    set all [torch::linear -input $seen -weight $weight -bias $bias]
    lassign [lmap from [list 0 $width] {
        set part [torch::tensor_slice $all 2 $from [expr {$from + $width}]]
        torch::tensor_permute [torch::tensor_reshape $part [list $length $heads -1]] {1 0 2}
    }] query key
    set scores [torch::tensor_bmm $query [torch::tensor_permute $key {0 2 1}]]
    torch::tensor_exp [torch::logsoftmax [torch::tensor_div $scores -other [expr {sqrt($width / $heads)}]] 2]
}

proc main {seed steps picture} {
    global length width heads
    torch::manual_seed $seed
    set net [dict create embedding [torch::embedding 10 $width] \
        encoder [torch::transformer_encoder -dModel $width -nhead $heads -numLayers 1 -dimFeedforward 64 -dropout 0 -batchFirst 1] \
        out [torch::linear $width 10]]
    set model [torch::module $net]
    dict set net positions [torch::positional_encoding $length $width 0.0]
    set optimizer [torch::optimizer_adam $model 0.003]
    for {set step 1} {$step <= $steps} {incr step} {
        set x [digits 64]
        set y [torch::flip $x 1]
        torch::optimizer_zero_grad $optimizer
        set loss [torch::cross_entropy_loss [torch::tensor_reshape [run $net $x] {-1 10}] [torch::tensor_reshape $y -1]]
        torch::tensor_backward $loss
        torch::optimizer_step $optimizer
        if {$step % max(1, $steps / 5) == 0} {puts [format "step %4d: loss %.4f" $step [torch::tensor_item $loss]]}
    }

    torch::no_grad
    torch::model_eval $model
    set x [digits 500]
    set guesses [torch::argmax [run $net $x] 2]
    set right [torch::tensor_item [torch::tensor_mean [torch::tensor_to [torch::eq $guesses [torch::flip $x 1]] cpu float32]]]
    puts "[join [torch::tensor_to_list [torch::tensor_slice $x 0 0 1]]] becomes [join [torch::tensor_to_list [torch::tensor_slice $guesses 0 0 1]]]"
    puts [format "%.1f %% of the digits are right" [expr {100 * $right}]]

    set weights [attention $net [torch::tensor_slice $x 0 0 1]]
    set sharpest 0
    set most 0
    for {set head 0} {$head < $heads} {incr head} {
        set peak [torch::tensor_item [torch::tensor_mean [torch::tensor_max [lindex [torch::unbind $weights] $head] 1]]]
        if {$peak > $most} {lassign [list $head $peak] sharpest most}
    }
    puts "\nhead $sharpest: each row is a place of the result, each column one of the input"
    set shown [lindex [torch::unbind $weights] $sharpest]
    for {set i 0} {$i < $length} {incr i} {
        set row [torch::tensor_to_list [torch::tensor_slice $shown 0 $i [expr {$i + 1}]]]
        puts "  |[join [lmap w $row {string repeat [string index { .:-=+*#%@} [expr {min(9, int($w * 10))}]] 2}] ""]|"
        lappend pixels {*}[lmap w $row {expr {round(255 * (1 - $w))}}]
    }
    if {$picture ne ""} {
        set channel [open $picture w]
        puts $channel "P2\n$length $length\n255\n[join $pixels \n]"
        close $channel
    }
    return [expr {$right < 0.99}]
}

lassign $argv seed steps picture
exit [main [expr {$seed eq "" ? 0 : $seed}] [expr {$steps eq "" ? 600 : $steps}] $picture]

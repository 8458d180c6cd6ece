#!/usr/bin/env tclsh
# A network that has learned to read digits, with weights and activations of few bits.
#
#     tclsh quantize_digits.tcl ?SEED?
#
# Trains a network of one hidden layer on four fifths of the images, and then rounds it: each row of a weight to levels of its
# own scale, what goes from layer to layer to levels of one scale, which the training images give. For 8, 6, 4, 3 and 2 bits it
# prints how many of the held-out digits are right, and how many fewer than before. With 8 bits the weights are stored
# as quantized tensors, whose levels are bytes: a quarter of the memory. It fails when these lose more than one percent
# of the digits, or differ from those rounded in place.
package require torch
source [file join [file dirname [info script]] digits_data.tcl]

proc train {x y} {
    set net [torch::sequential [list [torch::linear 64 128] torch::tensor_relu [torch::linear 128 10]]]
    set optimizer [torch::optimizer_adamw $net 0.003 1.0]
    for {set epoch 0} {$epoch < 20} {incr epoch} {
        torch::batches {images digits} [list $x $y] {
            torch::optimizer_zero_grad $optimizer
            torch::tensor_backward [torch::cross_entropy_loss [torch::layer_forward $net $images] $digits]
            torch::optimizer_step $optimizer
        } -size 60 -shuffle 1
    }
    return [torch::layer_parameters [torch::model_eval $net]]
}

# The largest level of so many bits with a sign; the smallest is its opposite.
proc levels {bits} {expr {(1 << ($bits - 1)) - 1}}

# The scale of each row of a weight.
proc rowScales {weight bits} {
    set largest [torch::tensor_max [torch::tensor_abs $weight] 1]
    torch::clamp [torch::tensor_div $largest -other [levels $bits]] -min 1e-8
}

proc rounded {weight bits} {
    set zeros [torch::zeros [lindex [torch::tensor_shape $weight] 0] int64]
    torch::fake_quantize_per_channel $weight [rowScales $weight $bits] $zeros 0 -[levels $bits] [levels $bits]
}

# Activations are not negative: the levels are from 0 to 2**bits - 1.
proc roundedActivations {x largest bits} {
    if {$bits eq ""} {return $x}
    set top [expr {(1 << $bits) - 1}]
    torch::fake_quantize_per_tensor $x [expr {$largest / $top}] 0 0 $top
}

proc hidden {parameters x} {
    lassign $parameters weight bias
    torch::tensor_relu [torch::linear $x $weight $bias]
}

# Scores of the classes; `largest` are the largest pixel and the largest activation.
proc scores {parameters x {largest {}} {bits {}}} {
    lassign $parameters - - weight bias
    set inside [hidden $parameters [roundedActivations $x [lindex $largest 0] $bits]]
    torch::linear [roundedActivations $inside [lindex $largest 1] $bits] $weight $bias
}

proc main {seed} {
    torch::manual_seed $seed
    lassign [splitDigits float32] x y trainingX trainingY

    set parameters [train $trainingX $trainingY]
    # From here on nothing is learned.
    torch::no_grad
    set largest [list [torch::tensor_item [torch::tensor_max $trainingX]] [torch::tensor_item [torch::tensor_max [hidden $parameters $trainingX]]]]
    set before [shareRight [torch::argmax [scores $parameters $x] 1] $y]
    puts [format "float32: %.1f %% of the held-out digits are right" [expr {100 * $before}]]
    lassign $parameters w1 b1 w2 b2
    foreach bits {8 6 4 3 2} {
        set after [shareRight [torch::argmax [scores [list [rounded $w1 $bits] $b1 [rounded $w2 $bits] $b2] $x $largest $bits] 1] $y]
        puts [format "%d bits: %.1f %%, a loss of %.1f" $bits [expr {100 * $after}] [expr {100 * ($before - $after)}]]
        lappend losses [expr {$before - $after}]
    }

    # As they would be stored: levels of a byte, and a scale for each row.
    set same 1
    foreach weight [list $w1 $w2] {
        set scales [rowScales $weight 8]
        set stored [torch::quantize_per_channel $weight $scales [torch::zeros [torch::tensor_numel $scales] int64] 0 qint8]
        set same [expr {$same && [torch::tensor_item [torch::all [torch::eq [torch::dequantize $stored] [rounded $weight 8]]]]}]
        incr bytes [expr {[torch::tensor_numel [torch::int_repr $stored]] + 4 * [torch::tensor_numel $scales]}]
        incr bytesBefore [expr {4 * [torch::tensor_numel $weight]}]
    }
    puts "weights of $bytes bytes in place of $bytesBefore"
    return [expr {!$same || [lindex $losses 0] > 0.01}]
}

exit [main [expr {[lindex $argv 0] eq "" ? 0 : [lindex $argv 0]}]]

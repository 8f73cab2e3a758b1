namespace nacre {
void register_variance_scaling() {}
}  // namespace nacre

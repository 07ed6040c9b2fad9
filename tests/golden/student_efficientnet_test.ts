import { testStudentNetworks } from "./student_networks.ts";

await testStudentNetworks("efficientnet"); // traced as B0 is, in mobile_networks_test.ts

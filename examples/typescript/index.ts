import * as access from "@pulumi/object-access";

const farm = new access.PrivateBucket("farm", { bucketName: "my-company-datasets", region: "eu-west-1" });
const reader = new access.AccessUser("reader", {
    userName: "datasets-reader",
    grants: { farm: { bucketArn: farm.bucketArn, access: ["list", "read"], prefixes: ["farm/"] } },
});
export const key = reader.accessKeyId;
